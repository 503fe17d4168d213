import com.fasterxml.jackson.databind.JsonNode;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.RetrieveCustomerSegmentApi;
import org.openapitools.client.model.RetrieveCustomerSegmentRequest;

/** Makes the calls of standard input with the generated client, and writes what it read, as JSON. */
class Outcomes {
  public static void main(String[] arguments) throws Exception {
    var client = new ApiClient();
    client.updateBaseUri(arguments[0] + "/api");
    var bank = new RetrieveCustomerSegmentApi(client);
    var json = client.getObjectMapper();
    var answers = json.createArrayNode();
    for (JsonNode call : json.readTree(System.in)) {
      var headers = call.get("headers");
      var request = json.treeToValue(call.get("body"), RetrieveCustomerSegmentRequest.class);
      var model = Class.forName("org.openapitools.client.model." + call.get("model").asText());
      var answer = answers.addObject();
      try {
        var response = bank.retrieveCustomerSegmentWithHttpInfo(
            headers.get("client_id").asText(), headers.get("Authorization").asText(), headers.get("Accept").asText(),
            headers.get("uuid").asText(), headers.get("Content-Type").asText(), headers.get("countryCode").asText(),
            headers.get("businessCode").asText(), headers.get("ChannelId").asText(), request, null, null);
        answer.put("status", response.getStatusCode()).set("body", json.valueToTree(response.getData()));
      } catch (ApiException refusal) {
        Object error = json.readValue(refusal.getResponseBody(), model);
        answer.put("status", refusal.getCode()).set("body", json.valueToTree(error));
      }
    }
    System.out.println(answers);
  }
}
