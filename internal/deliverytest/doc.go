// Package deliverytest tests the way of alerts with the program itself: cleartap live
// as it is released, real logins on the loopback interface, a real Elasticsearch node,
// a real syslog receiver, a real Kafka broker, real file systems that are full or
// wrong. Its one job is to break things around a sensor that runs, or the sensor; its
// invariant is that what counts as found is read from the wire's own side, never from
// what the program says of itself.
package deliverytest
