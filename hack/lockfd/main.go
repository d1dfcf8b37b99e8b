// Command lockfd takes an exclusive lock, flock(2), on its standard input and
// exits. The lock belongs to the open file, so a shell script that has the file
// open keeps it until the script ends, however it ends:
//
//	exec 9>"$file" && go run ./hack/lockfd <&9
//
// It stands in for flock(1), which macOS does not have.
package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

func main() {
	for {
		err := syscall.Flock(int(os.Stdin.Fd()), syscall.LOCK_EX)
		if err == nil {
			return
		}
		if !errors.Is(err, syscall.EINTR) {
			fmt.Fprintln(os.Stderr, "lockfd: locking standard input:", err)
			os.Exit(1)
		}
	}
}
