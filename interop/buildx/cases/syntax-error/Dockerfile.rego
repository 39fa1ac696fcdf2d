package docker

allow if {
