// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs etcd, kube-apiserver and kube-controller-manager as processes.
package controlplane

import (
	"bytes"
	"context"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"gatehouse.dev/tests/conformance/rig/network"
	"gatehouse.dev/tests/conformance/rig/process"
)

const (
	etcdURL        = "http://127.0.0.1:2379"
	apiServerPort  = "6443"
	serviceNetwork = "10.96.0.0/16"
	startTimeout   = 90 * time.Second

	// No node lifecycle and no pod garbage collection: then the process kubelet needs no heartbeats.
	controllers = "deployment-controller,replicaset-controller,endpointslice-controller,namespace-controller," +
		"garbage-collector-controller,serviceaccount-controller,root-ca-certificate-publisher-controller"
)

// Options say where programs and data are.
type Options struct {
	Programs string // folder with etcd, kube-apiserver, kube-controller-manager
	State    string // folder for data and certificates
	Logs     string // folder for etcd.log and so on
}

// ControlPlane is one cluster's three processes. What is in etcd outlives the API server.
type ControlPlane struct {
	options    Options
	etcd       *process.Process
	apiServer  *process.Process
	controller *process.Process
}

// Start brings everything up and returns when the API server is ready.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	if err := os.MkdirAll(options.State, 0o755); err != nil {
		return nil, err
	}
	plane := &ControlPlane{options: options}
	if err := plane.writeCredentials(); err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	if err := plane.startEtcd(); err != nil {
		return nil, err
	}
	if err := plane.StartAPIServer(ctx); err != nil {
		return nil, err
	}
	return plane, plane.startControllers()
}

// Kubeconfig is the path of a cluster administrator's, good inside the rig.
func (c *ControlPlane) Kubeconfig() string { return c.path("admin.kubeconfig") }

// CertificateAuthority is the path of the cluster's CA certificate.
func (c *ControlPlane) CertificateAuthority() string { return c.path("ca.crt") }

// Config is for clients of the rig's own: an administrator without a limit on requests.
func (c *ControlPlane) Config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

// WriteKubeconfig writes an administrator's kubeconfig for an API server at that URL, with all it needs inside.
func (c *ControlPlane) WriteKubeconfig(path, server string) error {
	config, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		return err
	}
	config.Clusters["rig"].Server = server
	return clientcmd.WriteToFile(*config, path)
}

// StartAPIServer returns when it is ready.
func (c *ControlPlane) StartAPIServer(ctx context.Context) error {
	started, err := c.run("kube-apiserver",
		"--etcd-servers="+etcdURL,
		"--bind-address=0.0.0.0", "--secure-port="+apiServerPort, "--advertise-address="+network.BridgeAddress,
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range="+serviceNetwork,
		"--authorization-mode=RBAC", "--client-ca-file="+c.path("ca.crt"),
		"--tls-cert-file="+c.path("apiserver.crt"), "--tls-private-key-file="+c.path("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.path("tokens.pub"),
		"--service-account-signing-key-file="+c.path("tokens.key"),
		"--cert-dir="+c.options.State, "--profiling=false", "--event-ttl=1h")
	if err != nil {
		return err
	}
	c.apiServer = started
	config, err := c.Config()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return c.await(ctx, "kube-apiserver", started, func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// KillAPIServer ends it without warning; StartAPIServer brings it back with what etcd kept.
func (c *ControlPlane) KillAPIServer() { c.apiServer.Kill() }

// Compact makes etcd forget all older versions: who resumes a watch from one of them gets 410.
func (c *ControlPlane) Compact(ctx context.Context) error {
	var status struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	if err := callEtcd(ctx, "/v3/maintenance/status", struct{}{}, &status); err != nil {
		return err
	}
	return callEtcd(ctx, "/v3/kv/compaction", map[string]any{"revision": status.Header.Revision, "physical": true}, nil)
}

// Store writes an object's JSON to etcd, past all that the API server checks.
func (c *ControlPlane) Store(ctx context.Context, key string, object []byte) error {
	return callEtcd(ctx, "/v3/kv/put", map[string]any{"key": []byte(key), "value": object}, nil)
}

// Stop ends everything.
func (c *ControlPlane) Stop() {
	for _, running := range []*process.Process{c.controller, c.apiServer, c.etcd} {
		if running != nil {
			running.Kill()
		}
	}
}

func (c *ControlPlane) startEtcd() error {
	started, err := c.run("etcd",
		"--data-dir="+c.path("etcd"), "--listen-client-urls="+etcdURL, "--advertise-client-urls="+etcdURL,
		"--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync", "--log-level=warn",
		"--quota-backend-bytes=8589934592")
	c.etcd = started
	return err
}

func (c *ControlPlane) startControllers() error {
	started, err := c.run("kube-controller-manager",
		"--kubeconfig="+c.Kubeconfig(), "--controllers="+controllers, "--leader-elect=false",
		"--service-account-private-key-file="+c.path("tokens.key"), "--root-ca-file="+c.path("ca.crt"),
		"--bind-address=127.0.0.1", "--cert-dir="+c.options.State, "--profiling=false",
		"--kube-api-qps=500", "--kube-api-burst=1000")
	c.controller = started
	return err
}

func (c *ControlPlane) run(name string, arguments ...string) (*process.Process, error) {
	return process.Start(process.Program{
		Path:      filepath.Join(c.options.Programs, name),
		Arguments: arguments,
		Log:       filepath.Join(c.options.Logs, name+".log"),
	})
}

func (c *ControlPlane) path(name string) string { return filepath.Join(c.options.State, name) }

func (c *ControlPlane) writeCredentials() error {
	signer, err := newAuthority(c.options.State)
	if err != nil {
		return err
	}
	hosts := []string{
		"127.0.0.1", "10.96.0.1", network.BridgeAddress, "localhost", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}
	if err := signer.issue("apiserver", pkix.Name{CommonName: "kube-apiserver"}, hosts); err != nil {
		return err
	}
	admin := pkix.Name{CommonName: "rig-admin", Organization: []string{"system:masters"}}
	if err := signer.issue("admin", admin, nil); err != nil {
		return err
	}
	if err := signer.issueKeyPair("tokens"); err != nil {
		return err
	}
	return c.writeAdminKubeconfig()
}

func (c *ControlPlane) await(ctx context.Context, name string, of *process.Process,
	check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-of.Ended():
			return fmt.Errorf("%s ended: see %s", name, filepath.Join(c.options.Logs, name+".log"))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", name, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func callEtcd(ctx context.Context, path string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, etcdURL+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("etcd: %s: %s", path, strings.TrimSpace(string(text)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
