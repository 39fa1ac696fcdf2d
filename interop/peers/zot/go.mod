module source-policy/zot

go 1.25

require zotregistry.io/zot v1.4.3

replace zotregistry.io/zot => github.com/project-zot/zot v1.4.3
