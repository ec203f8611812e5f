{{- define "equipoise.name" -}}
{{- .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* 52: a pod of a StatefulSet adds an ordinal, and a revision label a hash. */ -}}
{{- define "equipoise.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "equipoise.selector" -}}
app.kubernetes.io/name: {{ include "equipoise.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "equipoise.labels" -}}
{{ include "equipoise.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "equipoise.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "equipoise.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "equipoise.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{- /* Environment that both the worker and the set-up job need. */ -}}
{{- define "equipoise.env" -}}
{{- $names := dict "saslUsername" "EQUIPOISE_KAFKA__SASL_USERNAME" "saslPassword" "EQUIPOISE_KAFKA__SASL_PASSWORD" "registryUsername" "EQUIPOISE_REGISTRY__USERNAME" "registryPassword" "EQUIPOISE_REGISTRY__PASSWORD" -}}
{{- range $name, $variable := $names }}
{{- with get $.Values.secrets.keys $name }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ required "secrets.existingSecret: name the Secret that secrets.keys are in" $.Values.secrets.existingSecret }}
      key: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "equipoise.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "equipoise.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "equipoise.mounts" -}}
- {name: config, mountPath: /etc/equipoise, readOnly: true}
- {name: scratch, mountPath: /tmp}
{{- if .Values.secrets.tlsSecret }}
- {name: tls, mountPath: /etc/equipoise-tls, readOnly: true}
{{- end }}
{{- end -}}

{{- define "equipoise.volumes" -}}
- name: config
  configMap: {name: {{ include "equipoise.fullname" . }}}
- name: scratch
  emptyDir: {sizeLimit: 256Mi}
{{- with .Values.secrets.tlsSecret }}
- name: tls
  secret: {secretName: {{ . }}}
{{- end }}
{{- end -}}
