// SPDX-License-Identifier: Apache-2.0
import Foundation
import OCI
import Testing

@Suite struct HostileConfigurationTests {
    @Test("CVE-2022-23648, CVE-2026-53488: volumes, labels and whatever else an image says about the host are not even read") func ignored()
        throws
    {
        let plain = #""architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}"#
        let words = #""Cmd":["/server"],"Env":["A=b"]"#
        let hostile =
            #","Volumes":{"/../../etc":{}},"Labels":{"run.oci.handler":"krun","io.podman.annotations.privileged":"TRUE"},"OnBuild":["RUN x"]"#
        func parse(_ text: String) throws -> ImageConfiguration { try JSONDecoder().decode(ImageConfiguration.self, from: Data(text.utf8)) }
        let asked = try parse("{\(plain),\"config\":{\(words)\(hostile)},\"annotations\":{\"x\":\"y\"}}")
        #expect(try asked == parse("{\(plain),\"config\":{\(words)}}"))
    }
}
