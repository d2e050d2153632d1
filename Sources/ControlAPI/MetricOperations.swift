// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import HTTPTypes
import Hummingbird
import Prometheus

extension ControlResponder {
    /// Source of the type: Prometheus, "Exposition formats", text format 0.0.4.
    func metricsText() async -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: await metrics.text())))
    }

    func functionHistory(_ name: String) async throws -> Response {
        _ = try await catalog.get(name)
        let steps = history?.steps(of: name, now: now().milliseconds) ?? []
        return Response(json: ["steps": .array(steps.map(\.json))])
    }
}

extension FunctionHistory.Step {
    var json: JSONValue {
        [
            "time": .string(Timestamp(milliseconds: time).rfc3339), "invocations": .integer(Int64(invocations)),
            "errors": .integer(Int64(errors)), "coldStarts": .integer(Int64(coldStarts)), "waiting": .number(waiting),
            "oldestAge": .number(oldestAge),
        ]
    }
}
