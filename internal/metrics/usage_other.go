//go:build !unix

package metrics

// Usage is not known here.
func Usage() ResourceUsage { return ResourceUsage{} }
