// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const questionTimeout = 5 * time.Second

// The functions here ask once, on a connection of their own, and return what was answered: the text, or "status 404".

// answerHTTP is for any port that speaks HTTP in clear.
func answerHTTP(address, host string) (string, error) {
	return answer(&http.Transport{}, address, host, http.MethodGet, nil)
}

// answerTLS also returns the organization in the certificate that was shown.
func answerTLS(address, host string) (text, organization string, err error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		ServerName: host, InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			organization = state.PeerCertificates[0].Subject.Organization[0]
			return nil
		},
	}}
	transport.DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		dialer := tls.Dialer{Config: transport.TLSClientConfig}
		return dialer.DialContext(ctx, network, address)
	}
	text, err = answer(transport, address, host, http.MethodGet, nil)
	return text, organization, err
}

func answerGRPC(address, host string) (string, error) {
	transport := &http.Transport{Protocols: &http.Protocols{}}
	transport.Protocols.SetUnencryptedHTTP2(true)
	text, err := answer(transport, address, host, http.MethodPost, grpcMessage(""))
	return text[min(len(grpcMessage("")), len(text)):], err
}

func answerUDP(address string) (string, error) {
	socket, err := net.Dial("udp4", address)
	if err != nil {
		return "", err
	}
	defer socket.Close()
	if err := socket.SetDeadline(time.Now().Add(questionTimeout)); err != nil {
		return "", err
	}
	if _, err := socket.Write([]byte("?")); err != nil {
		return "", err
	}
	var text [100]byte
	n, err := socket.Read(text[:])
	return string(text[:n]), err
}

func answer(transport *http.Transport, address, host, method string, body []byte) (string, error) {
	defer transport.CloseIdleConnections()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	scheme := "http"
	if transport.TLSClientConfig != nil {
		scheme = "https"
	}
	request, err := http.NewRequest(method, scheme+"://"+host+"/", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	if body != nil {
		request.URL.Path = "/echo.Echo/Echo"
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("TE", "trailers")
	}
	client := http.Client{Transport: transport, Timeout: questionTimeout}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Sprintf("status %d", response.StatusCode), nil
	}
	return string(text), nil
}

// expect says whether that was answered.
func expect(wanted string, text string, err error) error {
	if err != nil {
		return err
	}
	if text != wanted {
		return fmt.Errorf("answered with %.100q, not %q", text, wanted)
	}
	return nil
}
