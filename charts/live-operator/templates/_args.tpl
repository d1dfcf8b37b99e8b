{{- /* The operator's arguments, as YAML. A value that is empty leaves the flag's default, but for liveEndpoint, where empty has a meaning. */}}
{{- define "live-operator.args" -}}
{{- $v := .Values }}
{{- $args := list
  (printf "--live-endpoint=%s" $v.liveEndpoint)
  (printf "--iam-endpoint=%s" $v.iamEndpoint)
}}
{{- range $region, $url := $v.regionEndpoints }}
{{- $args = append $args (printf "--region-endpoint=%s=%s" $region $url) }}
{{- end }}
{{- $args = concat $args (list
  (printf "--api-qps=%v" $v.apiQPS)
  (printf "--api-burst=%d" (int64 $v.apiBurst))
  (printf "--api-timeout=%s" $v.apiTimeout)
) }}
{{- with include "live-operator.caFile" . }}
{{- $args = append $args (printf "--ca-bundle=%s" .) }}
{{- end }}
{{- with $v.watchNamespaces }}
{{- $args = append $args (printf "--watch-namespaces=%s" (join "," .)) }}
{{- end }}
{{- $args = append $args (printf "--watch-secrets=%t" $v.watchSecrets) }}
{{- with .shard.selector }}
{{- $args = append $args (printf "--selector=%s" .) }}
{{- end }}
{{- $args = concat $args (list
  (printf "--max-concurrent-reconciles=%d" (int64 $v.maxConcurrentReconciles))
  (printf "--resync-interval=%v" $v.resyncInterval)
  (printf "--leader-elect=%t" $v.leaderElection.enabled)
) }}
{{- if $v.leaderElection.enabled }}
{{- $args = concat $args (list
  (printf "--leader-election-namespace=%s" (include "live-operator.leaseNamespace" .))
  (printf "--leader-election-id=%s" (include "live-operator.leaseName" .))
  (printf "--leader-election-lease-duration=%s" $v.leaderElection.leaseDuration)
  (printf "--leader-election-renew-deadline=%s" $v.leaderElection.renewDeadline)
  (printf "--leader-election-retry-period=%s" $v.leaderElection.retryPeriod)
) }}
{{- end }}
{{- if $v.metrics.enabled }}
{{- $args = concat $args (list
  (printf "--metrics-bind-address=:%d" (int64 $v.metrics.port))
  (printf "--metrics-secure=%t" $v.metrics.secure)
) }}
{{- else }}
{{- $args = append $args "--metrics-bind-address=0" }}
{{- end }}
{{- $probes := "0" }}
{{- if $v.probes.enabled }}{{ $probes = printf ":%d" (int64 $v.probes.port) }}{{ end }}
{{- $args = append $args (printf "--health-probe-bind-address=%s" $probes) }}
{{- $args = append $args (printf "--pprof-bind-address=%v" $v.pprofBindAddress) }}
{{- if $v.log.development }}
{{- $args = append $args "--zap-devel=true" }}
{{- end }}
{{- range $flag, $value := dict "encoder" $v.log.encoder "log-level" $v.log.level "stacktrace-level" $v.log.stacktraceLevel "time-encoding" $v.log.timeEncoding }}
{{- if $value }}
{{- $args = append $args (printf "--zap-%s=%v" $flag $value) }}
{{- end }}
{{- end }}
{{- toYaml $args }}
{{- end }}
