package loopback

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Only binds the sockets of this process that listen on a TCP port to the loopback device, so that
// other machines cannot connect. It is for listeners that a library opens on all addresses without
// giving access to them. Established connections are not affected. It returns an error if no socket
// listens on the port, or if the kernel refuses (before Linux 5.7 it requires CAP_NET_RAW).
func Only(port int) error {
	device, err := device()
	if err != nil {
		return err
	}
	bound := 0
	err = eachListener(port, func(fd int) error {
		bound++
		if err := syscall.BindToDevice(fd, device); err != nil {
			return fmt.Errorf("bind port %d to %s: %w", port, device, err)
		}
		return nil
	})
	if err == nil && bound == 0 {
		err = fmt.Errorf("no socket of this process listens on port %d", port)
	}
	return err
}

// device returns the name of the loopback device.
func device() (string, error) {
	all, err := net.Interfaces()
	if err != nil {
		return "", fmt.Errorf("list the network devices: %w", err)
	}
	for _, d := range all {
		if d.Flags&net.FlagLoopback != 0 {
			return d.Name, nil
		}
	}
	return "", errors.New("there is no loopback device")
}

// eachListener calls f with a descriptor of each socket of this process that listens on a port. It
// closes the descriptor afterwards.
func eachListener(port int, f func(fd int) error) error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("list the descriptors of this process: %w", err)
	}
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// Use a duplicate, because the original may be closed and its number reused at any time.
		fd, _, no := syscall.Syscall(syscall.SYS_FCNTL, uintptr(n), syscall.F_DUPFD_CLOEXEC, 0)
		if no != 0 {
			continue // was closed
		}
		err = nil
		if listens(int(fd), port) {
			err = f(int(fd))
		}
		if closed := syscall.Close(int(fd)); err == nil && closed != nil {
			err = fmt.Errorf("close a descriptor: %w", closed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func listens(fd, port int) bool {
	accepts, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil || accepts == 0 {
		return false // not a socket, or not listening
	}
	addr, err := syscall.Getsockname(fd)
	if err != nil {
		return false
	}
	switch a := addr.(type) {
	case *syscall.SockaddrInet4:
		return a.Port == port
	case *syscall.SockaddrInet6:
		return a.Port == port
	}
	return false
}
