package docker

default allow := false

allow if input.local

allow if {
	input.http.schema == "http"
	input.http.path == "/app.txt"
	input.http.query.x[0] == "1"
	not input.http.hasAuth
}

decision := {"allow": allow}
