{{- define "live-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "live-operator.fullname" -}}
{{- $name := include "live-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* For objects outside of the release's namespace, where releases of several namespaces meet. */}}
{{- define "live-operator.sharedName" -}}
{{- printf "%s:%s" (include "live-operator.fullname" .) .Release.Namespace }}
{{- end }}

{{- /* The shards as JSON; without shards, one that has no name and serves what selector says. */}}
{{- define "live-operator.shards" -}}
{{- default (list (dict "name" "" "selector" .Values.selector)) .Values.shards | toJson }}
{{- end }}

{{- /* The Deployment of the shard in the context. */}}
{{- define "live-operator.shardName" -}}
{{- list (include "live-operator.fullname" .) .shard.name | compact | join "-" }}
{{- end }}

{{- /* Of the shard in the context, or of all of them. */}}
{{- define "live-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "live-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- with (default dict .shard).name }}
live.huaweicloud.com/shard: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "live-operator.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_")
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "live-operator"
}}
{{- toYaml (mergeOverwrite (deepCopy .Values.commonLabels) $own (include "live-operator.selectorLabels" . | fromYaml)) }}
{{- end }}

{{- define "live-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "live-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "live-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "live-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "live-operator.image" -}}
{{- $ref := printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- with .Values.image.digest }}{{ $ref = printf "%s@%s" $ref . }}{{ end }}
{{- $ref }}
{{- end }}

{{- /* Of the shard in the context. Not the flag's default, so that two releases in one namespace do not wait for each other. */}}
{{- define "live-operator.leaseName" -}}
{{- list (default (include "live-operator.fullname" .) .Values.leaderElection.id) .shard.name | compact | join "-" }}
{{- end }}

{{- define "live-operator.leaseNamespace" -}}
{{- default .Release.Namespace .Values.leaderElection.namespace }}
{{- end }}

{{- define "live-operator.caFile" -}}
{{- if or .Values.caBundle.configMap .Values.caBundle.secret }}/etc/live-operator/ca/ca.crt{{ else }}{{ .Values.caBundle.path }}{{ end }}
{{- end }}

{{- /* "true" where the operator may ask the API server who a reader of the metrics is. */}}
{{- define "live-operator.metricsReviews" -}}
{{- $v := .Values }}
{{- if and $v.rbac.create $v.metrics.enabled $v.metrics.secure }}
{{- if or (eq $v.rbac.metricsReviews "always") (and (eq $v.rbac.metricsReviews "auto") (not $v.watchNamespaces)) }}true{{ end }}
{{- end }}
{{- end }}

{{- /* The whole seconds of a duration such as 1m30s: time.ParseDuration is behind dateModify. */}}
{{- define "live-operator.seconds" -}}
{{- $start := toDate "2006-01-02" "2000-01-01" }}
{{- sub (mustDateModify . $start | unixEpoch) (unixEpoch $start) }}
{{- end }}

{{- /* A call under way at the end is seen through: the operator takes apiTimeout and 5 s. */}}
{{- define "live-operator.gracePeriod" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds }}
{{- add (include "live-operator.seconds" .Values.apiTimeout) 15 }}
{{- else }}
{{- .Values.terminationGracePeriodSeconds | int64 }}
{{- end }}
{{- end }}

{{- define "live-operator.validate" -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.leaderElection.enabled) }}
{{- fail "replicas: more than one would act at the same time; set replicas to 1, or leaderElection.enabled to true" }}
{{- end }}
{{- if and .Values.selector .Values.shards }}
{{- fail "selector: each of the shards has its own; leave it empty" }}
{{- end }}
{{- $names := list }}
{{- range .Values.shards }}{{ $names = append $names .name }}{{ end }}
{{- if ne (len $names) (len (uniq $names)) }}
{{- fail "shards: two have the same name" }}
{{- end }}
{{- if gt (len (without (list .Values.caBundle.configMap .Values.caBundle.secret .Values.caBundle.path) "")) 1 }}
{{- fail "caBundle: only one of configMap, secret and path can be set" }}
{{- end }}
{{- end }}
