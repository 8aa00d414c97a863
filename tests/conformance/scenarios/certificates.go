// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"time"
)

// authority signs certificates; its own is what clients trust.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := blank(name)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(signed)
	return &authority{certificate, key}, err
}

func (a *authority) text() string { return toPEM("CERTIFICATE", a.certificate.Raw) }

// newCertificate is one of that organization for those names, signed by itself; both texts are PEM.
func newCertificate(organization string, names []string) (certificate, key string, err error) {
	return sign(nil, organization, names)
}

func sign(by *authority, organization string, names []string) (certificate, key string, err error) {
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := blank(organization)
	template.DNSNames = names
	if by == nil {
		by = &authority{template, own}
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, by.certificate, own.Public(), by.key)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(own)
	return toPEM("CERTIFICATE", signed), toPEM("PRIVATE KEY", encoded), err
}

func blank(organization string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: organization, Organization: []string{organization}},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func toPEM(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
