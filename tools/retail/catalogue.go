package retail

import (
	"fmt"
	"strconv"
)

// Product is an article of the retailer.
type Product struct {
	ID    string // the article number, decimal digits
	Name  string // shown to people, unique
	Cents int64  // price of one unit
}

// Products returns all products.
func (w *World) Products() []Product { return append([]Product(nil), w.products...) }

const firstArticle = 40_001

var collections = [...]string{
	"Harbor", "Juniper", "Nordic", "Alpine", "Meadow", "Copper", "Lagoon", "Ember", "Willow", "Granite",
	"Saffron", "Atlas",
	"Birch", "Coral", "Dune", "Fjord", "Indigo", "Linden", "Maple", "Onyx", "Pine", "Quartz", "Sierra",
	"Tundra", "Velvet",
}

var articles = [...]struct {
	name  string
	cents int64
}{
	{"Rain Jacket", 8990}, {"Water Bottle", 1890}, {"Espresso Cup", 1250}, {"Desk Lamp", 4900}, {"Wool Scarf", 3490},
	{"Backpack", 7900}, {"Running Socks", 990}, {"Tea Kettle", 3990}, {"Yoga Mat", 2990}, {"Bath Towel", 1690},
	{"Headphones", 12900}, {"Cutting Board", 2450}, {"Notebook", 750}, {"Sneakers", 9990}, {"Candle", 1490},
	{"Linen Shirt", 4590}, {"Phone Case", 1990}, {"Board Game", 3290}, {"Plant Pot", 1590}, {"Umbrella", 2290},
}

// catalogue returns n products with names. Names beyond the combinations of collection and article
// have a number.
func catalogue(n int) []Product {
	products := make([]Product, n)
	for i := range products {
		// Advancing in both lists at once puts unlike products side by side.
		c, a := (i+i/len(articles))%len(collections), i%len(articles)
		name := collections[c] + " " + articles[a].name
		if series := i / (len(collections) * len(articles)); series > 0 {
			name = fmt.Sprintf("%s %d", name, series+1)
		}
		products[i] = Product{ID: strconv.Itoa(firstArticle + i), Name: name, Cents: articles[a].cents}
	}
	return products
}
