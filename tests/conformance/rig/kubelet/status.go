// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	corev1 "k8s.io/api/core/v1"
)

// status is the whole of it, but for the times of transitions, which are those of the pod's start and of the last
// change of readiness.
func (p *pod) status() corev1.PodStatus {
	ready, last := true, p.started
	var containers []corev1.ContainerStatus
	for _, each := range p.containers {
		state := each.state()
		containers = append(containers, state)
		ready = ready && state.Ready
		if changed := each.lastChange(); last.Before(&changed) {
			last = changed
		}
	}
	condition := func(kind corev1.PodConditionType, holds bool) corev1.PodCondition {
		made := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, LastTransitionTime: p.started}
		if holds {
			made.Status = corev1.ConditionTrue
		}
		if kind == corev1.PodReady || kind == corev1.ContainersReady {
			made.LastTransitionTime = last
		}
		return made
	}
	return corev1.PodStatus{
		Phase:     corev1.PodRunning,
		HostIP:    "127.0.0.1",
		PodIP:     p.network.Address,
		PodIPs:    []corev1.PodIP{{IP: p.network.Address}},
		StartTime: &p.started,
		Conditions: []corev1.PodCondition{
			condition(corev1.PodScheduled, true),
			condition(corev1.PodInitialized, true),
			condition(corev1.ContainersReady, ready),
			condition(corev1.PodReady, ready),
		},
		ContainerStatuses: containers,
	}
}
