// Package kubernetes tests streamlytics.yaml: its documents are objects of Kubernetes that fit
// together, and its commands run outside of a cluster.
package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// manifest holds the objects of streamlytics.yaml.
type manifest struct {
	config, redisConfig     corev1.ConfigMap
	pipeline                appsv1.Deployment
	redis                   appsv1.StatefulSet
	account                 corev1.ServiceAccount
	pipelineService, access corev1.Service // of the pipeline and of Redis
	policy                  networkingv1.NetworkPolicy
}

// load decodes streamlytics.yaml. It fails for a field that Kubernetes does not have or that is
// there twice, and for an object that is missing or not expected.
func load(t *testing.T) (m manifest) {
	t.Helper()
	expected := map[string]runtime.Object{
		"ConfigMap streamlytics": &m.config, "ConfigMap streamlytics-redis": &m.redisConfig,
		"Deployment streamlytics": &m.pipeline, "StatefulSet streamlytics-redis": &m.redis,
		"ServiceAccount streamlytics": &m.account, "Service streamlytics": &m.pipelineService,
		"Service streamlytics-redis": &m.access, "NetworkPolicy streamlytics-redis": &m.policy,
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(appsv1.AddToScheme(scheme), corev1.AddToScheme(scheme),
		networkingv1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	for document := range strings.SplitSeq(read(t, "streamlytics.yaml"), "---\n") {
		name := regexp.MustCompile(`(?m)^  name: (\S+)$`).FindStringSubmatch(document)
		kind := regexp.MustCompile(`(?m)^kind: (\S+)$`).FindStringSubmatch(document)
		if name == nil || kind == nil {
			t.Fatalf("a document has no name or no kind:\n%s", document)
		}
		key := kind[1] + " " + name[1]
		if expected[key] == nil {
			t.Errorf("%s is not expected, or there twice", key)
			continue
		}
		if _, _, err := decoder.Decode([]byte(document), nil, expected[key]); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		delete(expected, key)
	}
	if len(expected) > 0 {
		t.Fatalf("missing: %q", slices.Sorted(maps.Keys(expected)))
	}
	return m
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pods returns the templates of the pods, with the labels that their controllers select.
func (m *manifest) pods() map[*corev1.PodTemplateSpec]*metav1.LabelSelector {
	return map[*corev1.PodTemplateSpec]*metav1.LabelSelector{
		&m.pipeline.Spec.Template: m.pipeline.Spec.Selector, &m.redis.Spec.Template: m.redis.Spec.Selector,
	}
}

// selects reports whether pods with labels are selected.
func selects(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return len(selector) > 0
}

// TestReferences: selectors select, and the file has what pods refer to, except for the Secret.
func TestReferences(t *testing.T) {
	m := load(t)
	for pod, selector := range m.pods() {
		if !selects(selector.MatchLabels, pod.Labels) {
			t.Errorf("%v does not select the pods of its own template, %v", selector.MatchLabels, pod.Labels)
		}
		for _, v := range pod.Spec.Volumes {
			switch {
			case v.EmptyDir != nil:
			case v.Secret != nil && v.Secret.SecretName == "streamlytics-redis":
			case v.ConfigMap != nil && (v.ConfigMap.Name == m.config.Name || v.ConfigMap.Name == m.redisConfig.Name):
			default:
				t.Errorf("the volume %s is of something that the file lacks", v.Name)
			}
		}
	}
	for service, pod := range map[*corev1.Service]*corev1.PodTemplateSpec{
		&m.pipelineService: &m.pipeline.Spec.Template, &m.access: &m.redis.Spec.Template,
	} {
		port, open := service.Spec.Ports[0], pod.Spec.Containers[0].Ports[0]
		if !selects(service.Spec.Selector, pod.Labels) ||
			port.TargetPort.StrVal != open.Name || port.Port != open.ContainerPort {
			t.Errorf("the Service %s leads to no port of its pod", service.Name)
		}
	}
	if m.pipeline.Spec.Template.Spec.ServiceAccountName != m.account.Name || m.redis.Spec.ServiceName != m.access.Name {
		t.Error("the account of the pipeline or the Service of Redis has another name")
	}
	from := m.policy.Spec.Ingress[0].From
	if !selects(m.policy.Spec.PodSelector.MatchLabels, m.redis.Spec.Template.Labels) ||
		!selects(from[0].PodSelector.MatchLabels, m.pipeline.Spec.Template.Labels) {
		t.Error("the NetworkPolicy does not let the pipeline reach Redis")
	}
}

// TestPodsAreConfined: the pods meet Pod Security's level restricted, write only to volumes, and
// have limits.
func TestPodsAreConfined(t *testing.T) {
	m := load(t)
	for pod := range m.pods() {
		s, c := pod.Spec.SecurityContext, pod.Spec.Containers[0]
		if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 ||
			s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: the pod is not confined: %+v", c.Name, s)
		}
		if s := c.SecurityContext; s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
			s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("%s: the container is not confined: %+v", c.Name, s)
		}
		r := c.Resources
		if r.Requests.Cpu().IsZero() || r.Requests.Memory().IsZero() || r.Limits.Memory().IsZero() {
			t.Errorf("%s: its resources are %v", c.Name, r)
		}
		if links := pod.Spec.EnableServiceLinks; links == nil || *links {
			t.Errorf("%s: it gets variables of Services, such as STREAMLYTICS_REDIS_PORT, which are no options", c.Name)
		}
	}
}

// drain is the longest time that the pipeline takes to end.
const drain = 30 * time.Second

// TestOnePipeline: never two pods at once on purpose, and each may drain.
func TestOnePipeline(t *testing.T) {
	spec := load(t).pipeline.Spec
	if *spec.Replicas != 1 || spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		t.Errorf("replicas %d, strategy %s", *spec.Replicas, spec.Strategy.Type)
	}
	if grace := time.Duration(*spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second; grace <= drain {
		t.Errorf("the pipeline has %v to drain, want more than %v", grace, drain)
	}
}

// TestImage: the pipeline runs the image that a release publishes, as the user of that image.
func TestImage(t *testing.T) {
	m := load(t)
	image := regexp.MustCompile(`images: \[(\S+)\]`).FindStringSubmatch(read(t, "../../.goreleaser.yaml"))
	if image == nil {
		t.Fatal(".goreleaser.yaml publishes no image")
	}
	name, tag, _ := strings.Cut(m.pipeline.Spec.Template.Spec.Containers[0].Image, ":")
	if name != image[1] || !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(tag) {
		t.Errorf("the pipeline runs %s:%s, want a version of %s", name, tag, image[1])
	}
	s := m.pipeline.Spec.Template.Spec.SecurityContext
	for file, line := range map[string]string{
		"../../Dockerfile":         fmt.Sprintf("USER %d:%d\n", *s.RunAsUser, *s.RunAsGroup),
		"../../docker-compose.yml": "image: " + m.redis.Spec.Template.Spec.Containers[0].Image + "\n",
	} {
		if !strings.Contains(read(t, file), line) {
			t.Errorf("%s lacks %s", file, line)
		}
	}
}
