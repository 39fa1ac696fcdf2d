package bench

valid_host(host) if regex.match(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$`, host)

parsed contains {"scheme": scheme, "host": host, "file": file} if {
	some url in input.urls
	[scheme, rest] := split(url, "://")
	parts := split(rest, "/")
	host := lower(parts[0])
	file := parts[count(parts) - 1]
}

bad contains url.host if {
	some url in parsed
	not valid_host(url.host)
}

versions contains trim_prefix(found, "v") if {
	some url in parsed
	some found in regex.find_n(`v?\d+\.\d+\.\d+`, url.file, 1)
}

renamed := [replace(upper(url.file), ".TAR.GZ", ".TGZ") | some url in parsed; endswith(url.file, ".tar.gz")]

result := {"bad": bad, "versions": versions, "renamed": renamed, "text": concat(",", sort(renamed))}
