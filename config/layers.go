package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// serviceLink matches the rest of a variable that Kubernetes sets in pods for a Service whose name
// begins with streamlytics, such as STREAMLYTICS_REDIS_PORT_6379_TCP_ADDR.
var serviceLink = regexp.MustCompile(
	`^([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)$`)

// variables returns the options in the environment. A variable that is empty is not set.
func (s *Set) variables(environ []string) (settings []setting, errs []error) {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		rest, ok := strings.CutPrefix(name, Prefix)
		if !ok || value == "" || serviceLink.MatchString(rest) {
			continue
		}
		option := strings.ToLower(rest)
		isUpper := rest == strings.ToUpper(rest)
		switch {
		case isUpper && len(s.targets(option)) > 0:
			settings = append(settings, setting{option, value, origin{"environment", name}})
		case !isUpper || !s.skips(option):
			errs = append(errs, fmt.Errorf("%s: unknown variable%s", name, s.suggestOption(option, variableOf)))
		}
	}
	return settings, errs
}

// variableOf returns the name of the variable for an option.
func variableOf(option string) string { return Prefix + strings.ToUpper(option) }

// skips reports whether an option that the set lacks is none of its concern.
func (s *Set) skips(option string) bool { return s.ignored[option] || s.others[option] }

// readFile returns the options in a file. named is where the file was named.
func (s *Set) readFile(path string, named origin) (settings []setting, errs []error) {
	if path == "" {
		return nil, []error{fmt.Errorf("%s: is empty", named.name)}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", named.name, err)}
	}
	root, err := mapping(content)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", path, err)}
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		place := fmt.Sprintf("%s:%d", path, key.Line)
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: %s: %s", place, key.Value, fmt.Sprintf(format, args...)))
		}
		value, err := textOf(node)
		switch {
		case lines[key.Value] > 0:
			bad("is in line %d already", lines[key.Value])
		case key.Value == File:
			bad("a file cannot name another file")
		case len(s.targets(key.Value)) == 0:
			if !s.skips(key.Value) {
				bad("unknown key%s", s.suggestOption(key.Value, func(option string) string { return option }))
			}
		case err != nil:
			bad("%v", err)
		default:
			settings = append(settings, setting{key.Value, value, origin{place, place + ": " + key.Value}})
		}
		lines[key.Value] = key.Line
	}
	return settings, errs
}

// mapping returns the keys and values of a YAML document. A document without content has none.
func mapping(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return &document, nil
	} else if err != nil {
		return nil, err
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one YAML document")
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return &yaml.Node{}, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("is not a list of keys with values, such as redis_addrs: 127.0.0.1:6379")
	}
	return root, nil
}

// textOf returns a value as it is written on the command line. The elements of a list are joined by
// commas.
func textOf(node *yaml.Node) (string, error) {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return "", errors.New("has no value")
	case node.Kind == yaml.ScalarNode:
		return node.Value, nil
	case node.Kind != yaml.SequenceNode:
		return "", errors.New("is neither a value nor a list of values")
	}
	var values []string
	for _, element := range node.Content {
		if element.Kind != yaml.ScalarNode {
			return "", errors.New("is a list of other things than values")
		}
		values = append(values, element.Value)
	}
	return strings.Join(values, ","), nil
}
