package lib.bases

isOurs(image) if image.fullRepo == "{{registry}}/gold"
