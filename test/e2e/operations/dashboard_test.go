package operations

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// dashboard is what of a Grafana dashboard this package looks at.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct{ Name, Type string } `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct{ Name, Expr string } `json:"list"`
	} `json:"annotations"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Datasource  source `json:"datasource"`
	Targets     []struct {
		RefID      string `json:"refId"`
		Expr       string `json:"expr"`
		Datasource source `json:"datasource"`
	} `json:"targets"`
}

type source struct{ Type, UID string }

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.NewDecoder(bytes.NewBufferString(read(t, "deploy/monitoring/grafana/dashboards/streamlytics.json"))).Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

// dashboardQueries are all queries of the dashboard.
func dashboardQueries(t *testing.T) (queries []query) {
	t.Helper()
	d := readDashboard(t)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			queries = append(queries, query{fmt.Sprintf("panel %d (%s) %s", p.ID, p.Title, target.RefID), target.Expr})
		}
	}
	for _, a := range d.Annotations.List {
		queries = append(queries, query{"annotation " + a.Name, a.Expr})
	}
	return queries
}

// TestDashboard looks for what Grafana would show as a broken panel, or not show.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" {
		t.Error("the dashboard needs a uid and a title")
	}
	variables := map[string]string{}
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type
	}
	if variables["datasource"] != "datasource" || variables["instance"] != "query" {
		t.Errorf("the variables are %v", variables)
	}
	for _, p := range d.Panels {
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d (%s) needs a title, a description and a query", p.ID, p.Title)
		}
		for _, target := range p.Targets {
			if p.Datasource != (source{"prometheus", "${datasource}"}) || target.Datasource != p.Datasource {
				t.Errorf("panel %d (%s) asks %+v", p.ID, p.Title, target.Datasource)
			}
			if !strings.Contains(target.Expr, `instance=~"$instance"`) {
				t.Errorf("panel %d (%s) does not follow the variable instance: %s", p.ID, p.Title, target.Expr)
			}
		}
	}
	parses(t, dashboardQueries(t))
}
