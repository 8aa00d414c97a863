// SPDX-License-Identifier: Apache-2.0

package kubelet

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	corev1 "k8s.io/api/core/v1"
)

// EnterCommand is the command of this program that becomes a container; its argument is an Enter in JSON.
const EnterCommand = "enter-container"

const (
	namespaceFile = 3 // the first of ExtraFiles
	programInside = "/program"
)

// Mount is one volume inside the container.
type Mount struct {
	Source string
	Target string
}

// Enter is all a new process needs to become the container's.
type Enter struct {
	Root      string
	Program   string
	Arguments []string
	Variables []string
	Mounts    []Mount
	User      int
	Group     int
}

// setUser takes the container's wish before the pod's.
func (e *Enter) setUser(pod *corev1.PodSecurityContext, own *corev1.SecurityContext) {
	take := func(to *int, wish *int64) {
		if wish != nil {
			*to = int(*wish)
		}
	}
	if pod != nil {
		take(&e.User, pod.RunAsUser)
		take(&e.Group, pod.RunAsGroup)
	}
	if own != nil {
		take(&e.User, own.RunAsUser)
		take(&e.Group, own.RunAsGroup)
	}
}

// RunEnter never returns when all goes well: the process is the container's then. It has a mount namespace of its own
// already, and exec keeps the network namespace of the thread that calls it.
func RunEnter(argument string) error {
	runtime.LockOSThread()
	var order Enter
	if err := json.Unmarshal([]byte(argument), &order); err != nil {
		return err
	}
	if err := unix.Setns(namespaceFile, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("join the pod's network: %w", err)
	}
	_ = unix.Close(namespaceFile)
	if err := order.makeRoot(); err != nil {
		return err
	}
	if err := unix.Chroot(order.Root); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := order.becomeUser(); err != nil {
		return err
	}
	arguments := append([]string{filepath.Base(order.Program)}, order.Arguments...)
	return unix.Exec(programInside, arguments, os.Environ())
}

// makeRoot shows the container what programs of this machine need, and its volumes; nothing else.
func (e *Enter) makeRoot() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	for _, folder := range []string{"/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ssl", "/dev", "/proc"} {
		if err := e.show(folder); err != nil {
			return err
		}
	}
	for _, file := range []string{"/etc/ld.so.cache", "/etc/passwd", "/etc/group"} {
		if err := e.show(file); err != nil {
			return err
		}
	}
	if err := e.bind(e.Program, programInside); err != nil {
		return err
	}
	temporary := filepath.Join(e.Root, "tmp")
	if err := os.MkdirAll(temporary, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o1777); err != nil {
		return err
	}
	for _, mount := range e.Mounts {
		if err := e.bind(mount.Source, mount.Target); err != nil {
			return err
		}
	}
	return nil
}

// show makes a path of this machine appear at the same place, if there is one; a symbolic link stays one.
func (e *Enter) show(path string) error {
	found, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if found.Mode()&os.ModeSymlink == 0 {
		return e.bind(path, path)
	}
	to, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if err := os.Symlink(to, filepath.Join(e.Root, path)); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func (e *Enter) bind(source, target string) error {
	found, err := os.Stat(source)
	if err != nil {
		return err
	}
	inside := filepath.Join(e.Root, target)
	folder := inside
	if !found.IsDir() {
		folder = filepath.Dir(inside)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if !found.IsDir() {
		file, err := os.OpenFile(inside, os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		_ = file.Close()
	}
	if err := unix.Mount(source, inside, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// becomeUser stays as it is where the rig's own namespace has no such user.
func (e *Enter) becomeUser() error {
	if e.Group != 0 {
		if err := unix.Setresgid(e.Group, e.Group, e.Group); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("group %d: %w", e.Group, err)
		}
	}
	if e.User != 0 {
		if err := unix.Setresuid(e.User, e.User, e.User); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("user %d: %w", e.User, err)
		}
	}
	return nil
}
