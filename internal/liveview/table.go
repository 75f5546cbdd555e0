package liveview

import "strings"

// columns is how wide each column of the table is, in cells. Two spaces stand between columns.
type columns struct {
	product, stock, shop, shopStock, velocity, window, trend, badges int
	wide                                                             bool // messages, which name their window, and badges in full
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
	c.product = min(30, max(8, p.width-2*margin-rest))
	return c
}

func (c columns) badgeGap() int {
	if c.wide {
		return gap
	}
	return 1
}

// table is the head and as many products as fit into room lines, filled up with empty lines.
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
		r.put(badgeText(badge, c.wide), badgeInk(badge))
	}
	return r.String()
}

// badgeText is a badge as people read it; where there is little room, its first word only.
func badgeText(badge string, wide bool) string {
	if !wide {
		badge, _, _ = strings.Cut(badge, "_")
		return badge
	}
	return strings.ToLower(strings.ReplaceAll(badge, "_", " "))
}

func badgeInk(badge string) ink {
	switch badge {
	case "HIGH_DEMAND":
		return hot
	case "LOW_STOCK":
		return low
	default:
		return bold
	}
}
