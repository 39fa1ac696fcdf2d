package bench

secrets contains concat(".", [sprintf("%v", [part]) | some part in path]) if {
	walk(input, [path, value])
	is_string(value)
	startswith(value, "secret:")
}

images contains value if {
	walk(input, [path, value])
	path[count(path) - 1] == "image"
}

result := {"secrets": secrets, "images": images}
