//go:build !unix

package metrics

// Usage returns zero: the resource use is unknown on this system.
func Usage() ResourceUsage { return ResourceUsage{} }
