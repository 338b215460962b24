package config

import "cleartap/deploy"

// Example is a configuration that says of every setting what it is and what it is
// when it is not set.
func Example() string { return deploy.Config }
