// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import InvocationQueue

/// What a destination is told. Source: Function Compute contract §9, with payloads as strings.
struct DestinationRecord {
    private let invocation: NewInvocation
    private let status: TaskStatus
    let json: JSONValue
    private let arn: String

    init(_ invocation: NewInvocation, _ status: TaskStatus, _ outcome: CallOutcome, attempts: Int, now: Timestamp, _ identity: HostIdentity)
    {
        self.invocation = invocation
        self.status = status
        arn = identity.functionARN(invocation.lane)
        let isFunctionError = outcome.code == "InvocationError"
        json = [
            "timestamp": .integer(now.milliseconds),
            "requestContext": [
                "requestId": .string(invocation.request.text), "functionArn": .string(arn), "taskId": .string(invocation.task),
                "condition": .string(status == .expired ? "Expired" : outcome.code), "approximateInvokeCount": .integer(Int64(attempts)),
            ],
            "requestPayload": .string(String(decoding: invocation.payload, as: UTF8.self)),
            "responseContext": [
                "statusCode": .integer(Int64(outcome.status)), "functionError": .string(isFunctionError ? outcome.code : ""),
            ],
            "responsePayload": .string(
                outcome.response.isEmpty && !outcome.message.isEmpty
                    ? JSONValue.object(["errorMessage": .string(outcome.message)]).text : String(decoding: outcome.response, as: UTF8.self)),
        ]
    }

    /// The record as a CloudEvent in structured mode. Source: CloudEvents 1.0.2.
    func cloudEvent(_ now: Timestamp) -> JSONValue {
        [
            "specversion": "1.0", "id": .string(invocation.request.text), "source": "acs:fc",
            "type": .string(status == .succeeded ? "fc:AsyncInvoke:succeeded" : "fc:AsyncInvoke:failed"), "subject": .string(arn),
            "time": .string(now.rfc3339), "datacontenttype": "application/json", "data": json,
        ]
    }
}
