package liveview

import "strings"

// columns is the width of each column of the table, in cells. There are two spaces between columns.
type columns struct {
	product, stock, shop, shopStock, velocity, window, trend, badges int
	// wide shows messages in place of units and window, and badges in full.
	wide bool
}

const gap = 2

func (p painter) columns() columns {
	c := columns{stock: 7, shop: 10, shopStock: 6, velocity: 6, window: 3, trend: 6, badges: 8}
	gaps := 7
	if p.width >= 110 {
		c = columns{stock: 8, shop: 12, shopStock: 7, velocity: 25, trend: 12, badges: 22, wide: true}
		gaps = 6
	}
	rest := c.stock + c.shop + c.shopStock + c.velocity + c.window + c.trend + c.badges + gaps*gap
	c.product = min(24, max(8, p.width-2*margin-rest))
	return c
}

func (c columns) badgeGap() int {
	if c.wide {
		return gap
	}
	return 1
}

// table returns the head and as many products as fit into room lines, filled up with empty lines.
func (p painter) table(products []Product, room int) []string {
	c := p.columns()
	lines := []string{p.tableHead(c)}
	for _, x := range products[:min(len(products), room-1)] {
		lines = append(lines, p.product(c, x))
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	return lines
}

func (p painter) tableHead(c columns) string {
	r := p.row()
	r.left("busiest", c.product, dim)
	r.space(gap)
	r.right("stock", c.stock, dim)
	r.space(gap)
	r.left("most in", c.shop, dim)
	r.space(gap)
	r.right("there", c.shopStock, dim)
	r.space(gap)
	if c.wide {
		r.left("velocity", c.velocity, dim)
	} else {
		r.right("sold", c.velocity, dim)
		r.space(gap)
		r.right("in", c.window, dim)
	}
	r.space(gap)
	r.left("trend", c.trend, dim)
	r.space(gap)
	r.left("badges", c.badges, dim)
	return r.String()
}

func (p painter) product(c columns, x Product) string {
	r := p.row()
	r.left(x.Name, c.product, plain)
	r.space(gap)
	r.right(x.Stock.text(c.stock), c.stock, x.Stock.ink())
	r.space(gap)
	r.left(x.Shop, c.shop, plain)
	r.space(gap)
	if x.Shop == "" {
		r.space(c.shopStock)
	} else {
		r.right(x.ShopStock.text(c.shopStock), c.shopStock, x.ShopStock.ink())
	}
	r.space(gap)
	if c.wide {
		r.left(x.Message, c.velocity, bold)
	} else {
		r.right(number(x.Units, c.velocity), c.velocity, bold)
		r.space(gap)
		r.right(x.Window, c.window, dim)
	}
	r.space(gap)
	r.left(sparkline(x.Trend, c.trend), c.trend, rising)
	r.space(gap)
	for i, badge := range x.Badges {
		if i > 0 {
			r.space(c.badgeGap())
		}
		text := badgeText(badge, c.wide)
		if badge == lowStock && c.wide && x.LowIn != "" &&
			r.used+len(text)+len(": ")+len([]rune(x.LowIn)) <= r.width {
			text += ": " + x.LowIn
		}
		r.put(text, badgeInk(badge))
	}
	return r.String()
}

// The badges that have a colour and a place in the legend.
const (
	highDemand = "HIGH_DEMAND"
	lowStock   = "LOW_STOCK"
)

// legend explains the columns of the table, in as few lines as the width allows. It is empty for a
// frame without thresholds.
func (p painter) legend(f Frame) (lines []string) {
	if f.HighDemand == 0 {
		return nil
	}
	c := p.columns()
	sold := "velocity: what a product page shows"
	if !c.wide {
		sold = "sold, in: units of that window"
	}
	r := p.row()
	for _, piece := range []string{
		"stock: on hand in all shops",
		"most in, there: the shop that sells most, its stock (–: not counted yet)", sold,
		"trend: units an hour, over the last hour",
		badgeText(highDemand, c.wide) + ": " + thousands(f.HighDemand) +
			" points in the last hour (view 1, cart 5, unit 10)",
		badgeText(lowStock, c.wide) + ": " + thousands(f.LowStock) + " or fewer on hand in a shop",
	} {
		n := len([]rune(piece))
		if r.used > margin && r.used+len(" · ")+n > r.width {
			lines, r = append(lines, r.String()), p.row()
		}
		if r.used > margin {
			r.put(" · ", dim)
		}
		r.put(piece, dim)
	}
	return append([]string{""}, append(lines, r.String())...)
}

// badgeText returns a badge as people read it: in full if wide, else its first word.
func badgeText(badge string, wide bool) string {
	if !wide {
		badge, _, _ = strings.Cut(badge, "_")
		return badge
	}
	return strings.ToLower(strings.ReplaceAll(badge, "_", " "))
}

func badgeInk(badge string) ink {
	switch badge {
	case highDemand:
		return hot
	case lowStock:
		return low
	default:
		return bold
	}
}
