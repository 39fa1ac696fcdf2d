package main

import (
	"bytes"
	"fmt"

	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

// newStore holds the base documents, numbers kept as they are written.
func newStore(data []byte) (storage.Store, error) {
	var value any
	if err := util.NewJSONDecoder(bytes.NewReader(data)).Decode(&value); err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("data must be an object, got %T", value)
	}
	return inmem.NewFromObject(object), nil
}
