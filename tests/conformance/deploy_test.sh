#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deploy_test.sh: the manifests of deploy/ as a user applies them. Run with the rig: rig up --replicas 0 -- THIS.
# Pods of our image run the real binary; a client reaches them through the load balancer.
set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")/../.."
fail() {
  echo "deploy_test: $*" >&2
  kubectl get gateways,httproutes,pods,services -A -o wide >&2
  exit 1
}

kubectl apply -f deploy/namespace.yaml >/dev/null
kubectl apply -f deploy/crds -f deploy >/dev/null
kubectl -n gatehouse-system rollout status deployment/gatehouse --timeout=90s >/dev/null || fail "the pods are not ready"

kubectl apply -f - >/dev/null <<'YAML'
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: default}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: echo, namespace: default}
spec:
  parentRefs: [{name: web}]
  hostnames: [echo.example.org]
  rules: [{backendRefs: [{name: echo, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: echo, namespace: default}
spec:
  selector: {app: echo}
  ports: [{port: 80, targetPort: 3000}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo, namespace: default}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      containers:
        - name: echo
          image: registry.k8s.io/gateway-api/conformance/echo-basic:v0.1.0
YAML
kubectl rollout status deployment/echo --timeout=60s >/dev/null || fail "the backend is not ready"
kubectl wait gateway/web --for=condition=Programmed --timeout=60s >/dev/null || fail "the Gateway is not programmed"
address=$(kubectl get gateway web -o jsonpath='{.status.addresses[0].value}')
balancer=$(kubectl -n gatehouse-system get service gatehouse -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
[ -n "$address" ] && [ "$address" = "$balancer" ] || fail "the Gateway's address is '$address', not '$balancer'"

status=000
for _ in $(seq 100); do
  status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 -H 'Host: echo.example.org' "http://$address/" || true)
  [ "$status" != 200 ] || break
  sleep 0.1
done
[ "$status" = 200 ] || fail "a request was answered with $status"
other=$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 -H 'Host: other.example.org' "http://$address/")
[ "$other" = 404 ] || fail "a host without a route was answered with $other"

# Pods end within their grace period, and the ones that come serve.
kubectl -n gatehouse-system rollout restart deployment/gatehouse >/dev/null
kubectl -n gatehouse-system rollout status deployment/gatehouse --timeout=120s >/dev/null || fail "the new pods are not ready"
curl -fsS -o /dev/null --max-time 5 -H 'Host: echo.example.org' "http://$address/" || fail "no answer after the restart"
echo "PASS deploy"
