// SPDX-License-Identifier: Apache-2.0

// Package process starts programs that live as long as the rig, and stops them.
package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Program says what to run, and where its output goes: to Log, appended, and nowhere else.
type Program struct {
	Path      string
	Arguments []string
	Log       string
	Variables []string // in addition to those of the rig: "NAME=value"
}

// Process is one running program.
type Process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// Start runs the program in a process group of its own, so that Ctrl-C reaches the rig only.
func Start(program Program) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(program.Log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(program.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(program.Path, program.Arguments...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), program.Variables...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	started := &Process{command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		close(started.ended)
	}()
	return started, nil
}

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// PID is the process id inside the rig.
func (p *Process) PID() int { return p.command.Process.Pid }

// Stop asks the process to end, and says whether it did within `patience`.
func (p *Process) Stop(patience time.Duration) bool {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return true
	case <-time.After(patience):
		return false
	}
}

// Kill ends the process at once.
func (p *Process) Kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// ExitCode is that of a process that has ended; -1 when a signal ended it.
func (p *Process) ExitCode() int { return p.command.ProcessState.ExitCode() }
