// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// InstallDefinitions creates the CustomResourceDefinitions of all YAML files in those folders, and waits until they
// are served. Files with other objects are passed over.
func (c *ControlPlane) InstallDefinitions(ctx context.Context, folders ...string) error {
	config, err := c.Config()
	if err != nil {
		return err
	}
	client, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	definitions := client.ApiextensionsV1().CustomResourceDefinitions()
	var names []string
	for _, folder := range folders {
		found, err := readDefinitions(folder)
		if err != nil {
			return err
		}
		for _, definition := range found {
			if _, err := definitions.Create(ctx, definition, metav1.CreateOptions{}); err != nil {
				return fmt.Errorf("%s: %w", definition.Name, err)
			}
			names = append(names, definition.Name)
		}
	}
	for _, name := range names {
		if err := awaitEstablished(ctx, client, name); err != nil {
			return err
		}
	}
	return nil
}

func readDefinitions(folder string) ([]*v1.CustomResourceDefinition, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var found []*v1.CustomResourceDefinition
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, document := range strings.Split(string(text), "\n---") {
			definition := &v1.CustomResourceDefinition{}
			if err := yaml.Unmarshal([]byte(document), definition); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if definition.Kind == "CustomResourceDefinition" {
				found = append(found, definition)
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no CustomResourceDefinition", folder)
	}
	return found, nil
}

func awaitEstablished(ctx context.Context, client clientset.Interface, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		definition, err := client.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range definition.Status.Conditions {
			if condition.Type == v1.Established && condition.Status == v1.ConditionTrue {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not served after 30 s", name)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
