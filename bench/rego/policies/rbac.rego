package bench

default result := false

result if {
	some role in data.bindings[input.user]
	some grant in data.roles[role]
	grant.action == input.action
	grant.resource == input.resource
}
