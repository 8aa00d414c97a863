// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

const (
	// ClassName is the GatewayClass that MakeClass makes.
	ClassName      = "gatehouse"
	controllerName = "gatehouse.dev/gateway-controller"
	acceptTimeout  = 60 * time.Second
)

var classes = schema.GroupVersionResource{
	Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses",
}

// MakeClass creates the GatewayClass of the gateway under test.
func MakeClass(ctx context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	class := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1",
		"kind":       "GatewayClass",
		"metadata":   map[string]any{"name": ClassName},
		"spec":       map[string]any{"controllerName": controllerName},
	}}
	_, err = client.Resource(classes).Create(ctx, class, metav1.CreateOptions{})
	return err
}

// AwaitClass returns when the class says what the gateway supports: the suite reads that only once.
func AwaitClass(ctx context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	for {
		class, err := client.Resource(classes).Get(ctx, ClassName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		features, _, _ := unstructured.NestedSlice(class.Object, "status", "supportedFeatures")
		if len(features) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the GatewayClass has no supportedFeatures after %s", acceptTimeout)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
