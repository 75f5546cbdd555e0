package local

import (
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// plain is a value of DuckDB as one of the types of a Result.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v, nil
	case int32:
		return int64(v), nil
	case time.Time:
		return v.UTC(), nil
	case *big.Int: // a sum
		if !v.IsInt64() {
			return nil, fmt.Errorf("%v is beyond 64 bits", v)
		}
		return v.Int64(), nil
	case duckdb.Decimal:
		return v.Float64(), nil
	default:
		return nil, fmt.Errorf("a value of type %T", v)
	}
}

// text is a value of a Result for a person.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02T15:04:05Z")
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}
