// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The volume that the ServiceAccount admission adds to every pod: for whole containers only.
const tokenVolumePrefix = "kube-api-access-"

// contents are the files of a volume, by path.
type contents map[string][]byte

func (p *pod) volumePath(name string) string { return filepath.Join(p.folder, "volumes", name) }

// writeVolumes writes every volume as its sources are now; a missing Secret or ConfigMap is an error, to be tried again.
func (p *pod) writeVolumes(ctx context.Context) error {
	for _, volume := range p.object.Spec.Volumes {
		if strings.HasPrefix(volume.Name, tokenVolumePrefix) && !p.isWhole() {
			continue
		}
		files, err := p.read(ctx, volume)
		if err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
		}
		if err := writeFiles(p.volumePath(volume.Name), files); err != nil {
			return err
		}
	}
	return nil
}

func (p *pod) read(ctx context.Context, volume corev1.Volume) (contents, error) {
	switch {
	case volume.Secret != nil:
		return p.readSecret(ctx, volume.Secret.SecretName, volume.Secret.Items, volume.Secret.Optional)
	case volume.ConfigMap != nil:
		return p.readConfigMap(ctx, volume.ConfigMap.Name, volume.ConfigMap.Items, volume.ConfigMap.Optional)
	case volume.DownwardAPI != nil:
		return p.readFields(volume.DownwardAPI.Items)
	case volume.Projected != nil:
		return p.readProjected(ctx, volume.Projected.Sources)
	case volume.EmptyDir != nil:
		return contents{}, nil
	}
	return nil, fmt.Errorf("this kind of volume is not emulated")
}

func (p *pod) readProjected(ctx context.Context, sources []corev1.VolumeProjection) (contents, error) {
	all := contents{}
	for _, source := range sources {
		files, err := p.readProjection(ctx, source)
		if err != nil {
			return nil, err
		}
		for path, text := range files {
			all[path] = text
		}
	}
	return all, nil
}

func (p *pod) readProjection(ctx context.Context, source corev1.VolumeProjection) (contents, error) {
	switch {
	case source.Secret != nil:
		return p.readSecret(ctx, source.Secret.Name, source.Secret.Items, source.Secret.Optional)
	case source.ConfigMap != nil:
		return p.readConfigMap(ctx, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
	case source.DownwardAPI != nil:
		return p.readFields(source.DownwardAPI.Items)
	case source.ServiceAccountToken != nil:
		return p.requestToken(ctx, *source.ServiceAccountToken)
	}
	return nil, fmt.Errorf("this kind of projection is not emulated")
}

func (p *pod) readSecret(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (contents, error) {
	found, err := p.options.Client.CoreV1().Secrets(p.object.Namespace).Get(ctx, name, metav1.GetOptions{})
	if isOptional(err, optional) {
		return contents{}, nil
	}
	if err != nil {
		return nil, err
	}
	return choose(found.Data, items)
}

func (p *pod) readConfigMap(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (contents, error) {
	found, err := p.options.Client.CoreV1().ConfigMaps(p.object.Namespace).Get(ctx, name, metav1.GetOptions{})
	if isOptional(err, optional) {
		return contents{}, nil
	}
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for key, text := range found.BinaryData {
		all[key] = text
	}
	for key, text := range found.Data {
		all[key] = []byte(text)
	}
	return choose(all, items)
}

func (p *pod) readFields(items []corev1.DownwardAPIVolumeFile) (contents, error) {
	files := contents{}
	for _, item := range items {
		if item.FieldRef == nil {
			return nil, fmt.Errorf("%s: only fields are emulated", item.Path)
		}
		text, err := p.field(item.FieldRef.FieldPath)
		if err != nil {
			return nil, err
		}
		files[item.Path] = []byte(text)
	}
	return files, nil
}

// requestToken gets one that is bound to the pod, as a kubelet does.
func (p *pod) requestToken(ctx context.Context, wanted corev1.ServiceAccountTokenProjection) (contents, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: wanted.ExpirationSeconds,
		BoundObjectRef: &authenticationv1.BoundObjectReference{
			Kind: "Pod", APIVersion: "v1", Name: p.object.Name, UID: p.object.UID,
		},
	}}
	if wanted.Audience != "" {
		request.Spec.Audiences = []string{wanted.Audience}
	}
	accounts := p.options.Client.CoreV1().ServiceAccounts(p.object.Namespace)
	answer, err := accounts.CreateToken(ctx, p.object.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return contents{wanted.Path: []byte(answer.Status.Token)}, nil
}

// variables are the container's environment; one that the kubelet cannot know is an error.
func (p *pod) variables(spec corev1.Container) ([]string, error) {
	all := p.options.apiVariables()
	for _, variable := range spec.Env {
		text := expand(variable.Value, all)
		if from := variable.ValueFrom; from != nil {
			if from.FieldRef == nil {
				return nil, fmt.Errorf("environment %s: only fields are emulated", variable.Name)
			}
			var err error
			if text, err = p.field(from.FieldRef.FieldPath); err != nil {
				return nil, err
			}
		}
		all = append(all, variable.Name+"="+text)
	}
	return all, nil
}

var reference = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_]*)\)`)

// expand replaces $(NAME) by what was set before.
func expand(text string, variables []string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		name := found[2 : len(found)-1]
		for i := len(variables) - 1; i >= 0; i-- {
			if value, is := strings.CutPrefix(variables[i], name+"="); is {
				return value
			}
		}
		return found
	})
}

func (p *pod) field(path string) (string, error) {
	if key, is := strings.CutPrefix(path, "metadata.labels['"); is {
		return p.object.Labels[strings.TrimSuffix(key, "']")], nil
	}
	if key, is := strings.CutPrefix(path, "metadata.annotations['"); is {
		return p.object.Annotations[strings.TrimSuffix(key, "']")], nil
	}
	switch path {
	case "metadata.name":
		return p.object.Name, nil
	case "metadata.namespace":
		return p.object.Namespace, nil
	case "metadata.uid":
		return string(p.object.UID), nil
	case "spec.serviceAccountName":
		return p.object.Spec.ServiceAccountName, nil
	case "spec.nodeName":
		return NodeName, nil
	case "status.podIP", "status.podIPs":
		return p.network.Address, nil
	case "status.hostIP", "status.hostIPs":
		return "127.0.0.1", nil
	}
	return "", fmt.Errorf("the field %s is not emulated", path)
}

func choose(all map[string][]byte, items []corev1.KeyToPath) (contents, error) {
	if len(items) == 0 {
		return all, nil
	}
	files := contents{}
	for _, item := range items {
		text, found := all[item.Key]
		if !found {
			return nil, fmt.Errorf("no key %s", item.Key)
		}
		files[item.Path] = text
	}
	return files, nil
}

// writeFiles replaces each file as a whole, so that a reader never sees half of one.
func writeFiles(folder string, files contents) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for path, text := range files {
		target := filepath.Join(folder, path)
		if old, err := os.ReadFile(target); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target+".new", text, 0o644); err != nil {
			return err
		}
		if err := os.Rename(target+".new", target); err != nil {
			return err
		}
	}
	if len(files) == 0 {
		return os.Chmod(folder, 0o777) // an empty folder is for the container to write to
	}
	return nil
}

func isOptional(err error, optional *bool) bool {
	return apierrors.IsNotFound(err) && optional != nil && *optional
}
