package config

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The columns of Help.
const (
	usageColumn = 34
	lastColumn  = 100
)

// Description describes a flag to a person.
type Description struct {
	Name    string
	Group   string
	Value   string   // the name or unit of the value; empty for a flag that is true or false
	Usage   string   // the meaning, in plain words
	Default string   // as it is written on the command line; empty for none
	Choices []string // the values that are valid; nil: not a fixed number
}

// Describe returns the declared flags in the order of their declaration.
func (s *Set) Describe() (all []Description) {
	for _, g := range s.groups {
		for _, f := range g.Flags {
			defined := s.flags.Lookup(f.Name)
			d := Description{Name: f.Name, Group: g.Name, Default: defined.DefValue, Choices: f.Choices}
			d.Value, d.Usage = flag.UnquoteUsage(defined)
			if f.Choices != nil {
				d.Value = strings.Join(f.Choices, "|")
			}
			all = append(all, d)
		}
	}
	return all
}

// Help writes the flags by group, each with its value, meaning and default.
func (s *Set) Help(w io.Writer) error {
	var b bytes.Buffer
	group := ""
	for _, d := range s.Describe() {
		if d.Group != group {
			group = d.Group
			fmt.Fprintf(&b, "\n%s:\n", group)
		}
		head := strings.TrimRight("  --"+d.Name+" "+d.Value, " ")
		if len(head) >= usageColumn-1 {
			b.WriteString(head + "\n")
			head = ""
		}
		usage := d.Usage
		if d.Default != "" && d.Default != "false" {
			usage += " (default " + d.Default + ")"
		}
		for line := range wrapped(usage, lastColumn-usageColumn) {
			fmt.Fprintf(&b, "%-*s%s\n", usageColumn, head, line)
			head = ""
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// wrapped returns the lines of a text with at most width columns.
func wrapped(text string, width int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		line := ""
		for word := range strings.FieldsSeq(text) {
			if line != "" && len(line)+1+len(word) > width {
				if !yield(line) {
					return
				}
				line = ""
			}
			line = strings.TrimLeft(line+" "+word, " ")
		}
		yield(line)
	}
}

// Table returns the flags as tables of Markdown, one a group.
func (s *Set) Table() string {
	var b strings.Builder
	group := ""
	for _, d := range s.Describe() {
		if d.Group != group {
			group = d.Group
			fmt.Fprintf(&b, "\n| %s | Value | Default | Meaning |\n|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| `--%s` | %s | %s | %s |\n", d.Name, strings.ReplaceAll(d.Value, "|", ", "),
			code(d.Default), d.Usage)
	}
	return b.String()
}

// code returns a text as code of Markdown.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// Print writes the options as a file that Parse reads, each with where its value came from. It
// leaves out groups that are actions. Flags
// of the library are written where they were given. A secret is replaced by asterisks.
func (s *Set) Print(w io.Writer) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	add := func(f *flag.Flag, declared Flag, heading string) {
		value := f.Value.String()
		if declared.Secret != nil && declared.Secret(value) {
			value = masked
		}
		node := &yaml.Node{Kind: yaml.ScalarNode, Value: value, LineComment: "default"}
		if o, ok := s.given[f.Name]; ok {
			node.LineComment = o.place
		}
		if _, ok := declared.Var.(*string); ok {
			node.Tag = "!!str" // quoted where it looks like something else
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: f.Name, HeadComment: heading}
		root.Content = append(root.Content, key, node)
	}
	for _, g := range s.groups {
		heading := g.Name
		for _, f := range g.Flags {
			if !g.Action {
				add(s.flags.Lookup(f.Name), f, heading)
				heading = ""
			}
		}
	}
	heading := "Beam"
	for _, name := range s.Names() {
		if s.library != nil && s.Given(name) && s.flags.Lookup(name) == nil && !s.ignored[name] {
			add(s.library.Lookup(name), Flag{}, heading)
			heading = ""
		}
	}
	encoder := yaml.NewEncoder(w)
	if err := encoder.Encode(root); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return encoder.Close()
}

// Complete returns the completions of a word on the command line, for a shell: flags, or the values of
// the flag that the word ends with. A completion may have a description behind a tab.
func (s *Set) Complete(word string) (completions []string) {
	if !strings.HasPrefix(word, "-") {
		return nil
	}
	if name, value, ok := strings.Cut(strings.TrimPrefix(word, "--"), "="); ok {
		choices := s.declared(name).Choices
		if f := s.flags.Lookup(name); f != nil && isBool(f) {
			choices = []string{"true", "false"}
		}
		for _, c := range choices {
			if strings.HasPrefix(c, value) {
				completions = append(completions, c) // the script of the shell puts the flag in front
			}
		}
		return completions
	}
	for _, d := range s.Describe() {
		if !strings.HasPrefix("--"+d.Name, word) {
			continue
		}
		flag := "--" + d.Name
		if !isBool(s.flags.Lookup(d.Name)) {
			flag += "="
		}
		completions = append(completions, flag+"\t"+d.Usage)
	}
	return completions
}
