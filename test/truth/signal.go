package truth

import (
	"errors"
	"fmt"
	"strings"
)

// VelocitySignal is the value of a velocity key.
type VelocitySignal struct {
	ProductID   string  `json:"product_id"`
	StoreID     string  `json:"store_id"`
	Window      string  `json:"window"`
	UnitsSold   int64   `json:"units_sold"`
	Units1h     int64   `json:"units_1h"`
	Units24h    int64   `json:"units_24h"`
	Views1h     int64   `json:"views_1h"`
	CartAdds1h  int64   `json:"cart_adds_1h"`
	Views24h    int64   `json:"views_24h"`
	CartAdds24h int64   `json:"cart_adds_24h"`
	Badge       *string `json:"badge"`
	Message     string  `json:"message"`
	AsOf        int64   `json:"as_of"`
}

// Allow returns an error that names the counts of a signal which are not in their ranges.
func (c Counts) Allow(v VelocitySignal) error {
	var wrong []string
	for _, x := range []struct {
		name string
		want Range
		got  int64
	}{
		{"units_1h", c.UnitsHour, v.Units1h}, {"units_24h", c.UnitsDay, v.Units24h}, {"views_1h", c.ViewsHour, v.Views1h},
		{"views_24h", c.ViewsDay, v.Views24h}, {"cart_adds_1h", c.CartsHour, v.CartAdds1h}, {"cart_adds_24h", c.CartsDay, v.CartAdds24h},
	} {
		if !x.want.Contains(x.got) {
			wrong = append(wrong, fmt.Sprintf("%s is %d, want %v", x.name, x.got, x.want))
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, ", "))
	}
	return nil
}
