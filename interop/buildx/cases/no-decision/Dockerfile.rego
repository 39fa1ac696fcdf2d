package docker

default allow := true
