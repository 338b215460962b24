package privilege

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"

	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Become makes the process one of the user, with the groups that the user has. Of
// the capabilities CAP_NET_RAW stays, and CAP_SETPCAP for Drop. It must be called
// by root, and does nothing for an empty name.
func Become(name string) error {
	if name == "" {
		return nil
	}
	uid, gids, err := lookUp(name)
	if err != nil {
		return err
	}
	if os.Geteuid() == uid {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("--user %s: only root can become another user", name)
	}
	if err := cap.SetGroups(gids[0], gids...); err != nil {
		return fmt.Errorf("--user %s: set groups: %w", name, err)
	}
	if err := cap.SetUID(uid); err != nil {
		return fmt.Errorf("--user %s: set user: %w", name, err)
	}
	return keep(cap.NET_RAW, cap.SETPCAP)
}

// lookUp gives the ids of a user, by name or number.
func lookUp(name string) (uid int, gids []int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		if u, err = user.LookupId(name); err != nil {
			return 0, nil, fmt.Errorf("--user %s: there is no such user", name)
		}
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, nil, err
	}
	groups, err := u.GroupIds()
	if err != nil {
		return 0, nil, fmt.Errorf("--user %s: %w", name, err)
	}
	for _, g := range append([]string{u.Gid}, groups...) {
		gid, err := strconv.Atoi(g)
		if err != nil {
			return 0, nil, err
		}
		gids = append(gids, gid)
	}
	return uid, gids, nil
}

// keep leaves of the process's capabilities those named, where it has them.
func keep(values ...cap.Value) error {
	have, left := cap.GetProc(), cap.NewSet()
	for _, v := range values {
		if ok, err := have.GetFlag(cap.Permitted, v); err != nil || !ok {
			continue
		}
		if err := errors.Join(left.SetFlag(cap.Permitted, true, v), left.SetFlag(cap.Effective, true, v)); err != nil {
			return err
		}
	}
	if err := left.SetProc(); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	return nil
}

// dropCapabilities leaves CAP_NET_RAW alone in all sets.
func dropCapabilities() error {
	if err := keep(cap.NET_RAW, cap.SETPCAP); err != nil {
		return err
	}
	if ok, err := cap.GetProc().GetFlag(cap.Effective, cap.SETPCAP); err == nil && ok {
		var others []cap.Value
		for v := cap.Value(0); v < cap.MaxBits(); v++ {
			if in, err := cap.GetBound(v); err == nil && in && v != cap.NET_RAW {
				others = append(others, v)
			}
		}
		if err := cap.DropBound(others...); err != nil {
			return fmt.Errorf("narrow the bounding set: %w", err)
		}
	}
	if err := cap.ResetAmbient(); err != nil {
		return fmt.Errorf("give up ambient capabilities: %w", err)
	}
	return keep(cap.NET_RAW)
}

// CanCapture reports whether the process may open packet sockets.
func CanCapture() bool {
	ok, err := cap.GetProc().GetFlag(cap.Effective, cap.NET_RAW)
	return err == nil && ok
}

// Hint tells how to get the right to capture.
func Hint() string {
	path, err := os.Executable()
	if err != nil {
		path = "/usr/bin/cleartap"
	}
	if CanCapture() {
		return "CAP_NET_RAW is there; something else forbids it: a container without --cap-add NET_RAW in its own network, or a security module"
	}
	return "CAP_NET_RAW is missing. Give it to the program: sudo setcap cap_net_raw=ep " + path +
		"; or let systemd give it: AmbientCapabilities=CAP_NET_RAW; or run it as root with --user"
}
