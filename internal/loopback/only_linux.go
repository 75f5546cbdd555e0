package loopback

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Only ties the sockets of this process that listen on a TCP port to the loopback device, so that the port is closed to every
// other machine. It is for listeners that a library opened on all addresses and keeps to itself; one's own listens on 127.0.0.1
// to begin with. It fails where no socket listens on the port, and where the kernel does not allow it (before Linux 5.7 it
// needs CAP_NET_RAW). What was connected before stays connected.
func Only(port int) error {
	device, err := device()
	if err != nil {
		return err
	}
	tied := 0
	err = eachListener(port, func(fd int) error {
		tied++
		if err := syscall.BindToDevice(fd, device); err != nil {
			return fmt.Errorf("tie port %d to %s: %w", port, device, err)
		}
		return nil
	})
	if err == nil && tied == 0 {
		err = fmt.Errorf("no socket of this process listens on port %d", port)
	}
	return err
}

// device is the name of the loopback device.
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

// eachListener hands f a descriptor of each socket of this process that listens on a port, and closes it afterwards.
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
		// A descriptor of one's own: the number may mean another file at any moment.
		fd, _, no := syscall.Syscall(syscall.SYS_FCNTL, uintptr(n), syscall.F_DUPFD_CLOEXEC, 0)
		if no != 0 {
			continue // closed since
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
		return false // no socket, or one that does not listen
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
