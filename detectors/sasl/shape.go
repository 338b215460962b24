package sasl

// shapeResponse judges a mechanism that is not in the table by what is sent.
func shapeResponse(x *Exchange, r response) {
	if len(r.raw) > 0 {
		x.disclose(r.raw)
	}
}
