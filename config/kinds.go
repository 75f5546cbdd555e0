package config

import (
	"flag"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// kindOf describes the values of a flag.
func kindOf(f *flag.Flag) string {
	g, ok := f.Value.(flag.Getter)
	if !ok {
		return "a value that the flag takes"
	}
	switch g.Get().(type) {
	case bool:
		return "true or false"
	case int, int64, uint, uint64:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return "a text"
	case *slog.Level:
		return "DEBUG, INFO, WARN or ERROR"
	}
	return "a duration such as 30s or 168h"
}

// daysAndWeeks matches the parts of a duration for which Go has no units.
var daysAndWeeks = regexp.MustCompile(`(\d+(?:\.\d+)?)([dw])`)

// inHours returns a hint that gives a duration in days or weeks in hours, and "" for other values.
func inHours(f *flag.Flag, value string) string {
	if _, ok := f.Value.(flag.Getter); !ok || !strings.HasPrefix(kindOf(f), "a duration") {
		return ""
	}
	hours := daysAndWeeks.ReplaceAllStringFunc(value, func(part string) string {
		n, err := strconv.ParseFloat(part[:len(part)-1], 64)
		if err != nil {
			return part
		}
		if part[len(part)-1] == 'w' {
			n *= 7
		}
		return strconv.FormatFloat(24*n, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(hours)
	if err != nil || hours == value {
		return ""
	}
	hours = d.String()
	if d%time.Hour == 0 {
		hours = fmt.Sprintf("%dh", d/time.Hour)
	}
	return ": there is no unit for days or weeks; write " + hours
}

// maxSuggestions bounds the work for an input in which most names are unknown.
const maxSuggestions = 20

// suggestOption returns a hint with the option that is nearest to what was typed.
func (s *Set) suggestOption(typed string, written func(string) string) string {
	if s.suggestions++; s.suggestions > maxSuggestions {
		return ""
	}
	return suggest(typed, s.Names(), written)
}

// suggest returns a hint with the name that is nearest to what was typed, as written writes it, and
// "" if none is near.
func suggest(typed string, names []string, written func(string) string) string {
	nearest, least := "", 1+len(typed)/4
	for _, name := range names {
		if d := distance(strings.ToLower(typed), strings.ToLower(name)); d <= least {
			nearest, least = name, d-1
		}
	}
	if nearest == "" {
		return ""
	}
	return "; did you mean " + written(nearest) + "?"
}

// distance returns the Levenshtein distance between two texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := slices.Clone(row)
		row[0] = i + 1
		for j := range len(b) {
			replaced := before[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, before[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
