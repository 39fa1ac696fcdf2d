package bench

default result := false

result if {
	input.request.kind == "Deployment"
	input.request.namespace in {"production", "staging"}
	input.objects[17].metadata.labels.owner == input.request.user
	not input.objects[4000].metadata.deleted
}
