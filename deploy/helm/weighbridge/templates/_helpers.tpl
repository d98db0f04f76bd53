{{- define "weighbridge.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "weighbridge.selector" -}}
app.kubernetes.io/name: weighbridge
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weighbridge.labels" -}}
{{ include "weighbridge.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "weighbridge.require" -}}
{{- if not ((.Values.config.store).url) }}
{{- fail "config.store.url: a PostgreSQL database, as ${env:NAME} of existingSecret; pods come and go, and records have to stay" }}
{{- end }}
{{- if not .Values.config.keys }}
{{- fail "config.keys: at least one key, because the service is reached from elsewhere" }}
{{- end }}
{{- if not .Values.existingSecret }}
{{- fail "existingSecret: the Secret whose keys become the environment that config refers to" }}
{{- end }}
{{- if and .Values.config.rate_limits (not ((.Values.config.counters).url)) }}
{{- fail "config.counters.url: a Valkey or Redis server, because several pods count rate limits together" }}
{{- end }}
{{- end }}
