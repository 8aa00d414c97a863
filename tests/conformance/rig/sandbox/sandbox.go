// SPDX-License-Identifier: Apache-2.0

// Package sandbox runs this program again inside namespaces of its own (network, processes, mounts), so that nothing
// of the rig is seen from outside, and all of it ends with it, however it ends.
package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	insideVariable = "RIG_INSIDE"
	hostPIDFile    = "pid"
	relayFile      = 3 // the first of ExtraFiles
)

// Inside says whether this process is the one inside.
func Inside() bool { return os.Getenv(insideVariable) != "" }

// Run starts this program again inside, with the same arguments, and returns its exit code. `folder` gets the file
// "pid": whose namespaces `nsenter --target` may join.
func Run(folder string) (int, error) {
	// A parent's death is that of the thread that forked.
	runtime.LockOSThread()
	relay, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 1, err
	}
	relayFile, err := relay.(*net.TCPListener).File()
	if err != nil {
		return 1, err
	}
	child := exec.Command("/proc/self/exe", os.Args[1:]...)
	child.Args[0] = os.Args[0]
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{relayFile}
	child.Env = append(os.Environ(), insideVariable+"="+strconv.Itoa(relay.Addr().(*net.TCPAddr).Port))
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true,
	}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if err := child.Start(); err != nil {
		return 1, fmt.Errorf("namespaces: %w (root, or user namespaces, are needed)", err)
	}
	go func() {
		for got := range signals {
			_ = child.Process.Signal(got)
		}
	}()
	file := filepath.Join(folder, hostPIDFile)
	if err := os.WriteFile(file, []byte(strconv.Itoa(child.Process.Pid)+"\n"), 0o644); err != nil {
		_ = child.Process.Kill()
		return 1, err
	}
	defer os.Remove(file)
	err = child.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return child.ProcessState.ExitCode(), err
}

// Prepare makes the inside fit to live in: mounts that nobody else sees, its own /proc, and at `folder` a folder in
// memory for all that is to be forgotten.
func Prepare(folder string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount a folder in memory: %w", err)
	}
	return nil
}

// HostListener is the socket that was opened outside: who connects to 127.0.0.1:HostPort() there comes in here.
func HostListener() (net.Listener, error) {
	file := os.NewFile(relayFile, "relay")
	defer file.Close()
	return net.FileListener(file)
}

// HostPort is the port of HostListener.
func HostPort() string { return os.Getenv(insideVariable) }
