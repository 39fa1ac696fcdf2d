package docker

decision := {"allow": http.send({"method": "get", "url": "http://{{registry}}"}).status_code == 200}
