package fakedataflow

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	dataflow "google.golang.org/api/dataflow/v1b3"
)

// pageSize is small, so that a client that reads only the first page fails its test.
const pageSize = 2

func active(state string) bool {
	switch state {
	case "JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_UPDATED",
		"JOB_STATE_DRAINED", "JOB_STATE_STOPPED":
		return false
	}
	return true
}

func (s *Server) create(r *http.Request) (any, error) {
	j := &job{project: r.PathValue("project"), location: r.PathValue("location")}
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	if err := in.Decode(&j.Job); err != nil {
		return nil, badRequest("Invalid JSON payload received. %v", err)
	}
	if err := check(j); err != nil {
		return nil, err
	}
	if err := s.makeRoom(j); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	j.Id = now.Format("2006-01-02_15_04_05-") + strconv.FormatInt(now.UnixNano(), 10)
	j.ProjectId, j.Location = j.project, j.location
	j.CreateTime, j.CurrentStateTime = now.Format(time.RFC3339Nano), now.Format(time.RFC3339Nano)
	j.CurrentState = s.state
	s.jobs = append(s.jobs, j)
	return j.Job, nil
}

// check checks that a job has what every job needs.
func check(j *job) error {
	switch {
	case j.Name == "":
		return badRequest("The workflow could not be created. Causes: the job has no name.")
	case j.Type != "JOB_TYPE_STREAMING" && j.Type != "JOB_TYPE_BATCH":
		return badRequest("The workflow could not be created. Causes: %q is no type of a job.", j.Type)
	case j.ProjectId != j.project:
		return badRequest("The workflow could not be created. Causes: the job is of project %q.", j.ProjectId)
	case j.Environment == nil || len(j.Environment.Version) == 0 || len(j.Environment.SdkPipelineOptions) == 0:
		return badRequest("The workflow could not be created. Causes: the environment lacks a version or options.")
	case len(j.Environment.WorkerPools) != 1 || len(j.Environment.WorkerPools[0].Packages) == 0:
		return badRequest("The workflow could not be created. Causes: it needs one pool of workers, with packages.")
	}
	return nil
}

// makeRoom ends the job that a new one replaces, and refuses a job whose name is taken.
func (s *Server) makeRoom(j *job) error {
	if j.ReplaceJobId != "" {
		old := s.find(j.project, j.location, j.ReplaceJobId)
		if old == nil || !active(old.CurrentState) || old.Name != j.Name {
			return badRequest("The workflow could not be created. Causes: job %s is not active, or not named %s.",
				j.ReplaceJobId, j.Name)
		}
		old.CurrentState = "JOB_STATE_UPDATED"
		return nil
	}
	for _, other := range s.jobs {
		if other.project == j.project && other.location == j.location && other.Name == j.Name &&
			active(other.CurrentState) {
			return &apiError{http.StatusConflict, "ALREADY_EXISTS", fmt.Sprintf("The workflow could not be created. "+
				"Causes: There is already an active job named %s. "+
				"If you want to submit a second job, try again by setting a different name.", j.Name)}
		}
	}
	return nil
}

func (s *Server) find(project, location, id string) *job {
	for _, j := range s.jobs {
		if j.project == project && j.location == location && j.Id == id {
			return j
		}
	}
	return nil
}

func (s *Server) get(r *http.Request) (any, error) {
	s.polls++
	j, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return j.Job, nil
}

func (s *Server) metrics(r *http.Request) (any, error) {
	if _, err := s.named(r); err != nil {
		return nil, err
	}
	return dataflow.JobMetrics{}, nil
}

func (s *Server) named(r *http.Request) (*job, error) {
	id := r.PathValue("id")
	if j := s.find(r.PathValue("project"), r.PathValue("location"), id); j != nil {
		return j, nil
	}
	return nil, &apiError{http.StatusNotFound, "NOT_FOUND",
		fmt.Sprintf("Information about job %s could not be found in our system.", id)}
}

// list answers with a page of the active jobs, the newest first.
func (s *Server) list(r *http.Request) (any, error) {
	if filter := r.FormValue("filter"); filter != "ACTIVE" {
		return nil, badRequest("Invalid value at 'filter': %q", filter)
	}
	var all []*dataflow.Job
	for _, j := range slices.Backward(s.jobs) {
		if j.project == r.PathValue("project") && j.location == r.PathValue("location") && active(j.CurrentState) {
			all = append(all, &j.Job)
		}
	}
	from := 0
	if token := r.FormValue("pageToken"); token != "" {
		var err error
		if from, err = strconv.Atoi(token); err != nil || from > len(all) {
			return nil, badRequest("Invalid page token %q", token)
		}
	}
	page := dataflow.ListJobsResponse{Jobs: all[from:min(from+pageSize, len(all))]}
	if from+pageSize < len(all) {
		page.NextPageToken = strconv.Itoa(from + pageSize)
	}
	return page, nil
}
