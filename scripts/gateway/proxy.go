// SPDX-License-Identifier: Apache-2.0

// A reverse proxy of Go's own library, as gateways written in Go use it: proxy LISTEN BACKEND.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	backend, err := url.Parse("http://" + os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(backend)
	proxy.Transport = &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true}
	log.Fatal(http.ListenAndServe(os.Args[1], proxy))
}
