package demo

import (
	"reflect"
	"testing"
	"time"

	"github.com/beamlytics/streamlytics/signal"
	"github.com/beamlytics/streamlytics/tools/demo/liveview"
	"github.com/beamlytics/streamlytics/tools/retail"
)

func sold(store, product string, hour, day int64, hot bool) signal.Velocity {
	v := signal.Velocity{StoreID: store, ProductID: product, Window: signal.WindowDay,
		UnitsHour: hour, UnitsDay: day, HighDemand: hot}
	if hour >= 5 {
		v.Window = signal.WindowHour
	}
	return v
}

func stock(store, product string, onHand int64, known bool, badge string) signal.Stock {
	return signal.Stock{StoreID: store, ProductID: product, OnHand: onHand, Version: 1, Known: known, Badge: badge}
}

func TestStorefront(t *testing.T) {
	s, sink := openTestStore(t)
	front := &storefront{
		rdb: s.client,
		products: []retail.Product{
			{ID: "1", Name: "Lamp"}, {ID: "2", Name: "Cup"}, {ID: "3", Name: "Mat"}, {ID: "4", Name: "Sock"},
		},
		stores: []retail.Store{{ID: "oslo", Name: "Oslo"}, {ID: "online", Name: "Web shop"}},
		hot:    map[string]bool{},
	}
	if got, err := front.busiest(t.Context(), time.Minute); err != nil || len(got) != 0 {
		t.Fatalf("from an empty Redis: %v, %v", got, err)
	}

	if err := sink.WriteVelocity(t.Context(), []signal.Velocity{
		sold("", "1", 2, 9, false), sold("oslo", "1", 2, 3, false), sold("online", "1", 0, 6, false),
		sold("", "2", 50, 50, true), sold("oslo", "2", 10, 10, false), sold("online", "2", 40, 40, false),
		sold("", "3", 0, 0, false), // only looked at
	}, func(signal.Velocity) time.Time { return time.Time{} }); err != nil {
		t.Fatal(err)
	}
	if err := sink.WriteStock(t.Context(), []signal.Stock{
		stock("", "2", 70, true, ""), stock("online", "2", -2, true, signal.LowStock), stock("oslo", "2", 72, true, ""),
		// low where it does not sell most
		stock("oslo", "1", -2, false, ""), stock("online", "1", 3, true, signal.LowStock),
	}); err != nil {
		t.Fatal(err)
	}
	got, err := front.busiest(t.Context(), 30*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	want := []liveview.Product{
		{
			Name: "Cup", Stock: liveview.Stock{OnHand: 70, Known: true},
			Shop: "Web shop", ShopStock: liveview.Stock{OnHand: -2, Known: true},
			Units: 50, Window: "1h", Message: "50 sold in last hour",
			Badges: []string{signal.HighDemand, signal.LowStock}, LowIn: "Web shop", Trend: []int64{100},
		},
		{
			Name: "Lamp", Shop: "Oslo", ShopStock: liveview.Stock{OnHand: -2},
			Units: 9, Window: "24h", Message: "9 sold in last 24 hours",
			Badges: []string{signal.LowStock}, LowIn: "Web shop", Trend: []int64{4},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if !reflect.DeepEqual(front.hot, map[string]bool{"2": true}) {
		t.Errorf("in high demand: %v", front.hot)
	}
	if err := s.client.Set(t.Context(), signal.VelocityKey("", "4"), "no JSON", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := front.busiest(t.Context(), time.Hour); err == nil {
		t.Error("a value that is no velocity was taken for one")
	}
}

func TestTrends(t *testing.T) {
	var trend trends
	for minute := range 121 {
		trend.add(time.Duration(minute)*time.Minute, []int64{min(60, int64(minute)), 0})
	}
	steady := make([]int64, trendTicks)
	for i := range steady {
		steady[i] = 60
	}
	if got := trend.of(0); !reflect.DeepEqual(got, steady) {
		t.Errorf("one a minute, all the time: %v", got)
	}
	if got := trend.of(1); !reflect.DeepEqual(got, make([]int64, trendTicks)) {
		t.Errorf("nothing: %v", got)
	}
}
