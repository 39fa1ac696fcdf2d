package docker



decision := {"allow": true}
