package journey

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// row is what we read of a row of transactions.parquet. The file declares every column optional.
type row struct {
	Household *int64            `parquet:"household_id,optional"`
	Store     *int64            `parquet:"store_id,optional"`
	Basket    *int64            `parquet:"basket_id,optional"`
	Product   *int64            `parquet:"product_id,optional"`
	Quantity  *int64            `parquet:"quantity,optional"`
	Value     *float64          `parquet:"sales_value,optional"`
	Timestamp *deprecated.Int96 `parquet:"transaction_timestamp,optional"`
}

// Read returns all sales of a transactions file in the order of their time, and of the file where times are equal. Every
// sale can be sent: a row with a missing value, or one that the pipeline would refuse, is an error that names the row.
func Read(path string) ([]Sale, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the transactions: %w", err)
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the transactions: %w", err)
	}
	file, err := parquet.OpenFile(f, stat.Size())
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	for _, column := range parquet.SchemaOf(row{}).Columns() {
		if _, ok := file.Schema().Lookup(column...); !ok {
			return nil, fmt.Errorf("reading %s: there is no column %s", path, column[0])
		}
	}
	reader := parquet.NewGenericReader[row](file)
	defer reader.Close()

	sales := make([]Sale, 0, file.NumRows())
	lines := map[int64]int64{} // of each basket so far
	for buffer := make([]row, 1024); ; {
		n, err := reader.Read(buffer)
		for _, r := range buffer[:n] {
			sale, err := r.sale()
			if err != nil {
				return nil, fmt.Errorf("reading %s: row %d: %w", path, len(sales)+1, err)
			}
			lines[sale.Basket]++
			sale.Line = lines[sale.Basket]
			sales = append(sales, sale)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: after row %d: %w", path, len(sales), err)
		}
	}
	slices.SortStableFunc(sales, func(a, b Sale) int { return cmp.Compare(a.OccurredAt, b.OccurredAt) })
	return sales, nil
}

// maxQuantity and minTime are the limits beyond which the pipeline refuses an event.
const maxQuantity = 1_000_000_000

var minTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

func (r row) sale() (Sale, error) {
	switch {
	case r.Household == nil:
		return Sale{}, errors.New("household_id is missing")
	case r.Store == nil:
		return Sale{}, errors.New("store_id is missing")
	case r.Basket == nil:
		return Sale{}, errors.New("basket_id is missing")
	case r.Product == nil:
		return Sale{}, errors.New("product_id is missing")
	case r.Quantity == nil:
		return Sale{}, errors.New("quantity is missing")
	case r.Value == nil:
		return Sale{}, errors.New("sales_value is missing")
	case r.Timestamp == nil:
		return Sale{}, errors.New("transaction_timestamp is missing")
	}
	s := Sale{
		Basket: *r.Basket, Household: *r.Household, Store: *r.Store, Product: *r.Product,
		Quantity: *r.Quantity, Value: *r.Value, OccurredAt: millis(*r.Timestamp),
	}
	switch {
	case s.Quantity > maxQuantity || s.Quantity < -maxQuantity:
		return Sale{}, fmt.Errorf("quantity %d is beyond %d", s.Quantity, maxQuantity)
	case s.OccurredAt < minTime:
		return Sale{}, fmt.Errorf("transaction_timestamp %s is before 2000", time.UnixMilli(s.OccurredAt).UTC())
	case math.IsNaN(s.Value) || math.IsInf(s.Value, 0):
		return Sale{}, fmt.Errorf("sales_value is %v", s.Value)
	}
	return s, nil
}

// millis converts the old Parquet timestamp: nanoseconds of the day in the low 64 bits, the Julian day above.
func millis(t deprecated.Int96) int64 {
	const julianDayOfEpoch = 2440588
	nanos := int64(t[1])<<32 | int64(t[0])
	return (int64(t[2])-julianDayOfEpoch)*24*time.Hour.Milliseconds() + nanos/int64(time.Millisecond)
}
