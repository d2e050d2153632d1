// SPDX-License-Identifier: Apache-2.0
import ObjectStore
import Testing

@Suite struct SignatureTests {
    /// Source: Amazon S3 API reference, "Examples: Signature Calculations", GET Object.
    @Test func theExampleOfTheSpecificationComesOut() {
        let signature = SignatureV4(
            S3Credentials(keyID: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region: "us-east-1"))
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let headers = [
            "host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9", "x-amz-content-sha256": empty, "x-amz-date": "20130524T000000Z",
        ]
        let value = signature.authorization(
            method: "GET", path: "/test.txt", headers: headers, payload: empty, time: "20130524T000000Z")
        #expect(
            value == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test func everyByteOfAPathThatIsNotPlainIsEncoded() {
        #expect(SignatureV4.encode("bucket/a b+c/ü~.zip") == "bucket/a%20b%2Bc/%C3%BC~.zip")
    }
}
