// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// writeAdminKubeconfig puts the credentials themselves into the file, so that it can be copied anywhere.
func (c *ControlPlane) writeAdminKubeconfig() error {
	authority, err := os.ReadFile(c.path("ca.crt"))
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(c.path("admin.crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(c.path("admin.key"))
	if err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["rig"] = &api.Cluster{
		Server:                   "https://127.0.0.1:" + apiServerPort,
		CertificateAuthorityData: authority,
	}
	config.AuthInfos["admin"] = &api.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	config.Contexts["rig"] = &api.Context{Cluster: "rig", AuthInfo: "admin"}
	config.CurrentContext = "rig"
	return clientcmd.WriteToFile(*config, c.Kubeconfig())
}
