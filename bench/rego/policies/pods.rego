package bench

containers contains container if some container in input.spec.containers

containers contains container if some container in input.spec.initContainers

violation contains msg if {
	some container in containers
	container.securityContext.privileged
	msg := sprintf("container %s is privileged", [container.name])
}

violation contains msg if {
	some container in containers
	not container.resources.limits.memory
	msg := sprintf("container %s has no memory limit", [container.name])
}

violation contains msg if {
	some container in containers
	not trusted(container.image)
	msg := sprintf("container %s uses %s", [container.name, container.image])
}

violation contains msg if {
	some container in containers
	some capability in container.securityContext.capabilities.add
	not capability in {"NET_BIND_SERVICE", "CHOWN"}
	msg := sprintf("container %s adds %s", [container.name, capability])
}

violation contains msg if {
	some container in containers
	some port in container.ports
	port.hostPort < 1024
	msg := sprintf("container %s takes port %d of the host", [container.name, port.hostPort])
}

trusted(image) if {
	some registry in ["registry.example.com/", "ghcr.io/example/"]
	startswith(image, registry)
}

result := violation
